"""What the server answers: one function for each question of the protocol."""

from __future__ import annotations

import gc
import sys
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any

from lsprotocol import types

from codemods.server.actions import KINDS, Told, offered, resolved
from codemods.server.diagnostics import diagnostics_in, findings_of
from codemods.server.hover import hover_of
from codemods.server.lenses import EXPLAIN, MIGRATE, lenses_of
from codemods.server.notebooks import opened
from codemods.server.protocol import serve_on
from codemods.server.session import Session
from codemods.server.texts.edits import edits_of
from codemods.server.texts.functions import is_inside
from codemods.server.work import Urgency

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from codemods.server.targets import Target

_DISTRIBUTION = "ai-usage-suite"
_WATCHED = ("**/*.py", "**/*.pyi", "**/*.ipynb", "**/pyproject.toml")
#: How many objects are made until the interpreter looks for circles among them: each analysis of
#: a letter makes some thousands, and most are gone with it.
_ALLOCATIONS = 50_000
_APPLYING = "Migrate to a context"


def serve() -> int:
    """Serve on standard input and output; return the exit status."""
    gc.set_threshold(_ALLOCATIONS)
    output = sys.stdout.buffer
    sys.stdout = sys.stderr  # whatever prints must not get between two messages
    serve_on(made(), sys.stdin.buffer, output)
    return 0


def made() -> Session:
    """Return a server with all that it answers."""
    try:
        session = Session(version(_DISTRIBUTION))
    except PackageNotFoundError:
        session = Session("checkout")
    for name, handler in _ANSWERS.items():
        session.feature(name, _OPTIONS.get(name))(handler)
    session.command(MIGRATE)(migrate)
    session.command(EXPLAIN)(explain)
    return session


def initialize(session: Session, params: types.InitializeParams) -> None:
    """Take note of the units that columns are counted in."""
    del params
    session.documents.encoding = types.PositionEncodingKind(
        session.workspace.position_encoding or types.PositionEncodingKind.Utf16
    ).value


async def initialized(session: Session, params: types.InitializedParams) -> None:
    """Ask to be told of files that change on disk, if the editor can tell."""
    del params
    workspace = session.client_capabilities.workspace
    watching = workspace.did_change_watched_files if workspace else None
    if watching is not None and watching.dynamic_registration:
        watchers = [types.FileSystemWatcher(one) for one in _WATCHED]
        options = types.DidChangeWatchedFilesRegistrationOptions(watchers)
        name = types.WORKSPACE_DID_CHANGE_WATCHED_FILES
        wanted = types.Registration("watched", name, options)
        await session.client_register_capability_async(types.RegistrationParams([wanted]))


async def did_open(session: Session, params: types.DidOpenTextDocumentParams) -> None:
    """Tell of a text that was opened."""
    await _changed(session, params.text_document.uri)


async def did_change(session: Session, params: types.DidChangeTextDocumentParams) -> None:
    """Tell of a text that was changed."""
    await _changed(session, params.text_document.uri)


async def did_close(session: Session, params: types.DidCloseTextDocumentParams) -> None:
    """Forget what was told of a text."""
    session.changed(params.text_document.uri)
    session.tell_nothing(params.text_document.uri)
    await _tell_all(session)


async def did_save(session: Session, params: types.DidSaveTextDocumentParams) -> None:
    """Tell anew of all open texts: they may use what was saved."""
    del params
    session.changed()
    await _tell_all(session)


async def did_change_watched(session: Session, params: types.DidChangeWatchedFilesParams) -> None:
    """Tell anew of all open texts: they may use what has changed."""
    del params
    session.changed()
    await _tell_all(session)


async def notebook_did_open(session: Session, params: types.DidOpenNotebookDocumentParams) -> None:
    """Tell of a notebook that was opened."""
    await _changed_notebook(session, params.notebook_document.uri)


async def notebook_did_change(
    session: Session, params: types.DidChangeNotebookDocumentParams
) -> None:
    """Tell of a notebook that was changed."""
    before = session.notebooks.get(params.notebook_document.uri)
    await _changed_notebook(session, params.notebook_document.uri)
    left = session.notebooks.get(params.notebook_document.uri)
    there = {cell.uri for cell in left.cells} if left is not None else set()
    for cell in before.cells if before is not None else ():
        if cell.uri not in there:
            session.tell_nothing(cell.uri)


async def notebook_did_close(
    session: Session, params: types.DidCloseNotebookDocumentParams
) -> None:
    """Forget what was told of a notebook."""
    uri = params.notebook_document.uri
    session.changed(uri)
    closed = session.notebooks.pop(uri, None)
    for cell in closed.cells if closed is not None else ():
        session.tell_nothing(cell.uri)


async def _changed_notebook(session: Session, uri: str) -> None:
    session.changed(uri)
    notebook = opened(session.workspace, uri, session.documents.encoding)
    if notebook is not None:
        session.notebooks[uri] = notebook
        await session.tell_notebook(notebook, Urgency.TYPED)


async def _changed(session: Session, uri: str) -> None:
    session.changed(uri)
    document = session.documents.get(uri)
    if document is not None:
        await session.tell(document, Urgency.TYPED)


async def _tell_all(session: Session) -> None:
    for document in session.documents:
        await session.tell(document, Urgency.BESIDE)
    for notebook in tuple(session.notebooks.values()):
        await session.tell_notebook(notebook, Urgency.BESIDE)


async def code_action(session: Session, params: types.CodeActionParams) -> list[types.CodeAction]:
    """Return what may be done at a place."""
    target = session.target(params.text_document.uri)
    if target is None or not target.whole.is_asked_about:
        return []
    findings = [one for one in findings_of(await session.report(target.whole)) if target.has(one)]
    pairs = zip(findings, diagnostics_in(target.text, findings), strict=True)
    told = [Told(*pair) for pair in pairs if _meet(pair[1].range, params.range)]
    migration = await session.migration(target.whole)
    actions = list(offered(target, told, migration, params.context.only or ()))
    if _resolves_edits(session):
        return actions
    return [one for one in [await _resolved(session, target, a) for a in actions] if one.edit]


async def code_action_resolve(session: Session, params: types.CodeAction) -> types.CodeAction:
    """Return an action with its edit; without one if the text is another one now."""
    data: Any = params.data
    target = session.target(data["uri"])
    if target is None or target.whole.version != data["version"]:
        return params
    return await _resolved(session, target, params)


async def _resolved(session: Session, target: Target, action: types.CodeAction) -> types.CodeAction:
    versioned = _takes_versions(session)
    return await session.asked(
        target.whole, lambda asked: resolved(target, action, asked, versioned=versioned), action
    )


async def hover(session: Session, params: types.HoverParams) -> types.Hover | None:
    """Return the page of the rule of the finding that is pointed at."""
    target = session.target(params.text_document.uri)
    if target is None or not target.whole.is_asked_about:
        return None
    place = types.Range(params.position, params.position)
    findings = [one for one in findings_of(await session.report(target.whole)) if target.has(one)]
    there = [one for one in findings if _meet(target.text.lines.range(one.span), place)]
    if not there:
        return None
    return hover_of(target.text, there, await session.migration(target.whole))


async def code_lens(session: Session, params: types.CodeLensParams) -> list[types.CodeLens]:
    """Return what stands above functions."""
    document = session.documents.get(params.text_document.uri)
    if document is None:
        return []
    return list(lenses_of(document, await session.migration(document)))


async def migrate(session: Session, *arguments: Any) -> None:
    """Migrate what is in some lines of a text: its address, the first and the last line."""
    uri, first, last = str(arguments[0]), int(arguments[1]), int(arguments[2])
    document = session.documents.get(uri)
    if document is None:
        return

    after = await session.asked(
        document,
        lambda asked: asked.after(
            asked.migrated_in_part(lambda finding: is_inside(finding.span, (first, last)))
        ),
        None,
    )
    if after is None:
        said = "Nothing here can be migrated by itself: it depends on what stands elsewhere."
        kind = types.MessageType.Info
        session.window_show_message(types.ShowMessageParams(kind, said))
        return
    edit = edits_of([(document, after)], versioned=_takes_versions(session))
    await session.workspace_apply_edit_async(types.ApplyWorkspaceEditParams(edit, _APPLYING))


async def explain(session: Session, *arguments: Any) -> None:
    """Show why something needs a person."""
    kind = types.MessageType.Info
    session.window_show_message(types.ShowMessageParams(kind, str(arguments[0])))


def _meet(one: types.Range, other: types.Range) -> bool:
    """Whether two places have a part in common, or touch each other."""
    return one.start <= other.end and other.start <= one.end


def _takes_versions(session: Session) -> bool:
    """Whether the editor takes edits for one version of a text."""
    workspace = session.client_capabilities.workspace
    edits = workspace.workspace_edit if workspace else None
    return bool(edits and edits.document_changes)


def _resolves_edits(session: Session) -> bool:
    """Whether the editor asks for the edit of an action when that is chosen."""
    texts = session.client_capabilities.text_document
    actions = texts.code_action if texts else None
    support = actions.resolve_support if actions else None
    return support is not None and "edit" in support.properties


_ANSWERS: Mapping[str, Callable[..., Any]] = {
    types.INITIALIZE: initialize,
    types.INITIALIZED: initialized,
    types.TEXT_DOCUMENT_DID_OPEN: did_open,
    types.TEXT_DOCUMENT_DID_CHANGE: did_change,
    types.TEXT_DOCUMENT_DID_CLOSE: did_close,
    types.TEXT_DOCUMENT_DID_SAVE: did_save,
    types.WORKSPACE_DID_CHANGE_WATCHED_FILES: did_change_watched,
    types.NOTEBOOK_DOCUMENT_DID_OPEN: notebook_did_open,
    types.NOTEBOOK_DOCUMENT_DID_CHANGE: notebook_did_change,
    types.NOTEBOOK_DOCUMENT_DID_CLOSE: notebook_did_close,
    types.TEXT_DOCUMENT_CODE_ACTION: code_action,
    types.CODE_ACTION_RESOLVE: code_action_resolve,
    types.TEXT_DOCUMENT_HOVER: hover,
    types.TEXT_DOCUMENT_CODE_LENS: code_lens,
}
_OPTIONS: dict[str, Any] = {
    types.TEXT_DOCUMENT_CODE_ACTION: types.CodeActionOptions(
        code_action_kinds=list(KINDS), resolve_provider=True
    ),
}
