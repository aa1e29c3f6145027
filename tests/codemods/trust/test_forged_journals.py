"""An undo journal may come with the tree: whatever it says, undo stays in its folder."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))

from hostile import TOKEN, Forged, everything

from codemods.project.undo import journal
from codemods.project.undo.restore import JournalDamaged, NothingToUndo, undo

SECRET = b"not yours\n"


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """Return a project beside which lies what is nobody's business."""
    tree = tmp_path / "tree"
    (tree / ".git/hooks").mkdir(parents=True)
    (tmp_path / "outside").mkdir()
    for place in ("tree/a.py", "tree/.git/config", "outside/secret.py"):
        (tmp_path / place).write_bytes(SECRET)
    return tree


def refused(tree: Path) -> str:
    """Undo in *tree*; return why it was refused, after a look at what was written: nothing."""
    before = everything(tree.parent)
    with pytest.raises(JournalDamaged) as caught:
        undo([], tree)
    assert everything(tree.parent) == before
    return str(caught.value)


def test_a_journal_in_order_is_undone(tree: Path) -> None:
    """The forged journals of these tests are refused for what is wrong with them only."""
    forged = Forged(tree)
    forged.write(forged.entry("a.py", SECRET))
    assert undo([], tree).restored == (tree / "a.py",)
    assert (tree / "a.py").read_bytes() == forged.content


@pytest.mark.parametrize(
    "path",
    ["../outside/secret.py", "a/../../outside/secret.py", "", ".", "..", "a//b.py", "a\0.py"],
)
def test_a_path_out_of_the_folder_is_refused(tree: Path, path: str) -> None:
    """T17: paths lead down from the folder of the run, in plain names."""
    forged = Forged(tree)
    forged.write(forged.entry(path, SECRET))
    assert "path in it" in refused(tree)


def test_an_absolute_path_is_refused(tree: Path) -> None:
    """T17: an absolute path is none that a run writes, even if it lies in the folder."""
    forged = Forged(tree)
    forged.write(forged.entry(str(tree / "a.py"), SECRET))
    assert "leads out" in refused(tree)


@pytest.mark.parametrize(
    "path",
    [
        ".git/config",
        ".GIT/hooks/pre-commit",
        "sub/.git/config",
        ".g\u200cit/config",
        ".ai-usage/x",
        ".hg/hgrc",
    ],
)
def test_a_path_into_version_control_is_refused(tree: Path, path: str) -> None:
    """T17: what is written there is run by the next call of git: no journal may."""
    forged = Forged(tree)
    forged.write(forged.entry(path, SECRET))
    assert "where no run writes" in refused(tree)


@pytest.mark.parametrize(
    "stored", ["../../../a.py", "/etc/hostname", "run.json", "x.before", "", "00000.before/."]
)
def test_a_stored_name_is_a_plain_name_of_a_run(tree: Path, stored: str) -> None:
    """T18: original bytes are read from the run's own folder, under the names that runs give."""
    forged = Forged(tree)
    forged.write(forged.entry("a.py", SECRET, stored=stored))
    assert "stored name" in refused(tree)


@pytest.mark.parametrize("digest", ["", "0" * 63, "G" * 64, "0" * 64 + "\n"])
@pytest.mark.parametrize("which", ["before", "after"])
def test_a_digest_is_a_digest(tree: Path, which: str, digest: str) -> None:
    """T19 T22: a digest of another form is refused before anything is compared with it."""
    forged = Forged(tree)
    forged.write(forged.entry("a.py", SECRET, **{which: digest}))
    assert "digest" in refused(tree)


def test_original_bytes_must_have_their_digest(tree: Path) -> None:
    """T19: stored bytes that were exchanged are not written."""
    forged = Forged(tree)
    forged.write(forged.entry("a.py", SECRET))
    forged.put("00000.before", b"exchanged\n")
    [failure] = undo([], tree).failed
    assert "damaged" in failure.message
    assert (tree / "a.py").read_bytes() == SECRET


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        "null",
        "[" * 100_000,
        '{"version": 2, "started": [], "token": {}, "files": 1}',
        '{"version": 2, "started": "x", "token": "y", "files": {}}',
        '{"version": 1e400}',
        f'{{"version": 2, "started": "now", "token": "{TOKEN}", "files": [[]]}}',
        f'{{"version": 2, "started": "\\u001b[2J", "token": "{TOKEN}", "files": []}}',
    ],
)
def test_a_manifest_of_another_shape_is_refused(tree: Path, text: str) -> None:
    """T22: whatever stands in the manifest, the answer is an error and no traceback."""
    forged = Forged(tree)
    forged.write()
    forged.put("run.json", text.encode())
    assert "cannot be used" in refused(tree)


def test_a_home_elsewhere_needs_its_own_word(tree: Path) -> None:
    """T17: a journal changes another folder only if a run left its token there."""
    outside = tree.parent / "outside"
    forged = Forged(tree)
    home = os.fsencode(outside).hex()
    forged.write(forged.entry("secret.py", SECRET, home=home))
    assert "leads out" in refused(tree)
    told = outside / ".ai-usage/started-in"
    told.mkdir(parents=True)
    (told / ("f" * 32)).write_text(os.fsencode(tree).hex())
    assert "leads out" in refused(tree)
    (told / TOKEN).write_text(os.fsencode(tree.parent).hex())
    assert "leads out" in refused(tree)


@pytest.mark.parametrize("form", ["outside", "{0}/outside/../outside", "{0}/nowhere"])
def test_a_home_is_a_whole_path(tree: Path, monkeypatch: pytest.MonkeyPatch, form: str) -> None:
    """T17: a home that is relative, has .. in it or is not there is refused, token or not."""
    monkeypatch.chdir(tree.parent)
    told = tree.parent / "outside/.ai-usage/started-in"
    told.mkdir(parents=True)
    (told / TOKEN).write_text(os.fsencode(tree).hex())
    forged = Forged(tree)
    home = os.fsencode(form.format(tree.parent)).hex()
    forged.write(forged.entry("secret.py", SECRET, home=home))
    assert "leads out" in refused(tree)


def test_a_link_on_the_way_is_not_followed(tree: Path) -> None:
    """T18: a folder of the path that is a link by now ends the way; the file counts as edited."""
    forged = Forged(tree)
    forged.write(forged.entry("sub/secret.py", SECRET))
    (tree / "sub").symlink_to(tree.parent / "outside")
    [failure] = undo([], tree).failed
    assert "link" in failure.message
    assert (tree.parent / "outside/secret.py").read_bytes() == SECRET


def test_a_link_at_the_end_is_not_followed(tree: Path) -> None:
    """T18: a file that is a link by now is not written through."""
    forged = Forged(tree)
    forged.write(forged.entry("b.py", SECRET))
    (tree / "b.py").symlink_to(tree.parent / "outside/secret.py")
    [failure] = undo([], tree).failed
    assert "link" in failure.message
    assert (tree.parent / "outside/secret.py").read_bytes() == SECRET


@pytest.mark.parametrize("part", ["", "undo", "undo/000001-20300101T000000Z"])
def test_a_linked_journal_is_not_read(tree: Path, part: str) -> None:
    """T18: a journal, or a part of it, that lies elsewhere is not followed there."""
    elsewhere = Forged(tree.parent / "outside")
    elsewhere.write(elsewhere.entry("a.py", SECRET))
    link = tree / ".ai-usage" / part
    link.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    link.symlink_to(elsewhere.home / ".ai-usage" / part)
    assert "link" in refused(tree)


@pytest.mark.parametrize("name", ["run.json", "00000.before"])
@pytest.mark.parametrize("kind", ["link", "pipe"])
def test_a_journal_is_regular_files(tree: Path, name: str, kind: str) -> None:
    """T1 T18: links and pipes in a run's folder are neither followed nor waited for."""
    forged = Forged(tree)
    forged.write(forged.entry("a.py", SECRET))
    (forged.run / name).rename(tree.parent / "outside" / name)
    if kind == "link":
        (forged.run / name).symlink_to(tree.parent / "outside" / name)
    else:
        os.mkfifo(forged.run / name, 0o600)
    if name == "run.json":
        refused(tree)
    else:
        [failure] = undo([], tree).failed
        assert ("link" if kind == "link" else "pipe") in failure.message
    assert (tree / "a.py").read_bytes() == SECRET


@pytest.mark.parametrize(
    ("part", "mode"),
    [
        ("", 0o770),
        ("undo", 0o702),
        ("undo/000001-20300101T000000Z", 0o755),
        ("undo/000001-20300101T000000Z/run.json", 0o644),
    ],
)
def test_a_journal_that_others_may_have_made_is_refused(tree: Path, part: str, mode: int) -> None:
    """T20: what a checkout brings along is not private, as a run's journal is."""
    forged = Forged(tree)
    forged.write(forged.entry("a.py", SECRET))
    (tree / ".ai-usage" / part).chmod(mode)
    assert "chmod" in refused(tree)


def test_a_journal_of_another_user_is_refused(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """T20: the journal belongs to the user who runs undo."""
    forged = Forged(tree)
    forged.write(forged.entry("a.py", SECRET))
    somebody = os.geteuid() + 1
    monkeypatch.setattr(os, "geteuid", lambda: somebody)
    assert "another user" in refused(tree)


def test_parents_are_searched_up_to_the_root_of_the_project(tree: Path) -> None:
    """T21: a journal in a folder above the repository has no say, whatever it would change."""
    forged = Forged(tree.parent)
    forged.write(forged.entry("tree/a.py", SECRET))
    (tree / "sub").mkdir()
    for path in (tree, tree / "sub", tree / "a.py"):
        with pytest.raises(NothingToUndo):
            undo([path], tree)
    assert (tree / "a.py").read_bytes() == SECRET


def test_parents_are_not_searched_where_there_is_no_project(tmp_path: Path) -> None:
    """T21: without a repository or a pyproject.toml the search ends where it began."""
    forged = Forged(tmp_path)
    (tmp_path / "app").mkdir()
    (tmp_path / "app/a.py").write_bytes(SECRET)
    forged.write(forged.entry("app/a.py", SECRET))
    with pytest.raises(NothingToUndo):
        undo([tmp_path / "app/a.py"], tmp_path / "app")
    undo([tmp_path / "app/a.py"], tmp_path)
    assert (tmp_path / "app/a.py").read_bytes() == forged.content


def test_a_forged_journal_does_not_hide_a_run(tree: Path) -> None:
    """A journal above that cannot be used is passed over where another has the run."""
    (tree / "sub").mkdir()
    (tree / "sub/b.py").write_bytes(b"b\n")
    own = Forged(tree / "sub")
    own.write(own.entry("b.py", b"b\n"))
    forged = Forged(tree)
    forged.write(forged.entry("../outside/secret.py", SECRET))
    undo([tree / "sub"], tree)
    assert (tree / "sub/b.py").read_bytes() == own.content


def test_an_older_run_that_cannot_be_used_is_not_in_the_way(tree: Path) -> None:
    """Undo takes back the last run, whatever lies before it in the journal."""
    forged = Forged(tree)
    forged.write(forged.entry("../outside/secret.py", SECRET))
    forged.run.rename(forged.run.with_name("000000-20300101T000000Z"))
    own = Forged(tree)
    own.write(own.entry("a.py", SECRET))
    undo([], tree)
    assert (tree / "a.py").read_bytes() == own.content
    assert "leads out" in refused(tree)


def test_what_somebody_put_into_a_run_stays(tree: Path) -> None:
    """T18: undo removes from a journal what runs make, and nothing else."""
    forged = Forged(tree)
    forged.write(forged.entry("a.py", SECRET))
    forged.put("notes.txt", b"mine\n")
    undo([], tree)
    assert (tree / "a.py").read_bytes() == forged.content
    assert (forged.run / "notes.txt").read_bytes() == b"mine\n"
    assert journal.runs(tree) == ()
