"""The text around a rewrite stays as it was: comments, blank lines, indents, strings, layout."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from harness import leaves, migrate, migrates, refuses

OLD = "from tracker.ai_usage_tracker import AIUsageTracker\n"
NEW = "from tracker.ai_usage_context import ai_usage_context\n"
SITE = """\
    tracker = AIUsageTracker()
    tracker.set_tracking_context(job_id=number)
    return client.scan(number)
"""
BLOCK = """\
    with ai_usage_context("scan", job_id=number):
        return client.scan(number)
"""
DEF = "\n\ndef scan(client, number):\n"

#: Calls whose comments have to go two ways: into the header, and above it.
CONSERVATIVE = {
    "comments_of_a_call_that_is_divided": (
        """
def scan(client, number, user):
    tracker = AIUsageTracker()
    tracker.set_tracking_context(  # c1
        job_id=number,  # c2
        batch_id=None,  # c3
        user_id=user,  # c4
    )  # c5
    return client.scan(number)
""",
        """
def scan(client, number, user):
    tracker = AIUsageTracker()
    # c3
    # c4
    with ai_usage_context(  # c1
        "scan",
        tracker=tracker,
        job_id=number,  # c2
    ):
        tracker.set_tracking_context(user_id=user)  # c5
        return client.scan(number)
""",
    ),
    "comment_in_a_construction_that_moves": (
        """
def scan(client, number):
    tracker = AIUsageTracker(  # c1
    )
    tracker.set_tracking_context(job_id=number)
    return client.scan(number)
""",
        """
def scan(client, number):
    with ai_usage_context("scan", tracker=AIUsageTracker(  # c1
        ), job_id=number):
        return client.scan(number)
""",
    ),
}

# Each case: the text before, and the text after, without the import of the class or context.
REWRITTEN = {
    "tabs": (
        DEF + SITE.replace("    ", "\t"),
        DEF + BLOCK.replace("    ", "\t"),
    ),
    "two_spaces": (
        DEF + SITE.replace("    ", "  "),
        DEF + BLOCK.replace("    ", "  "),
    ),
    "indent_of_another_function": (
        "\ndef other():\n\tpass\n\n" + DEF + SITE.replace("    ", "  "),
        "\ndef other():\n\tpass\n\n" + DEF + BLOCK.replace("    ", "  "),
    ),
    "uneven_suites": (
        DEF
        + SITE.replace(
            "    return", "    if number:\n       x = 1\n    else:\n     y = 2\n    return"
        ),
        DEF
        + BLOCK.replace(
            "        return",
            "        if number:\n           x = 1\n        else:\n         y = 2\n        return",
        ),
    ),
    "comments_everywhere": (
        """

# above
def scan(client, number):  # on def
    # c1

    tracker = AIUsageTracker()  # c2
    # c3
    tracker.set_tracking_context(  # c4
        # c5
        job_id=number,  # c6
        # c7
    )  # c8
    # c9
    result = client.scan(number)  # c10
    # c11
    return result  # c12
    # c13
# c14
""",
        """

# above
def scan(client, number):  # on def
    # c1

    # c2
    # c3
    with ai_usage_context(  # c4
        # c5
        "scan",
        job_id=number,  # c6
        # c7
    ):  # c8
        # c9
        result = client.scan(number)  # c10
        # c11
        return result  # c12
    # c13
# c14
""",
    ),
    "comments_inside_a_construction": (
        DEF + "    tracker = (  # c1\n        # c2\n        AIUsageTracker(  # c3\n"
        "          # c4\n        )  # c5\n    )  # c6\n"
        "    tracker.set_tracking_context(number)  # c7\n"
        "    client.scan(number)  # c8\n    tracker.flush_metrics()  # c9\n    # c10\n",
        DEF + "    # c1\n    # c2\n    # c3\n    # c4\n    # c5\n    # c6\n"
        '    with ai_usage_context("scan", job_id=number):  # c7\n'
        "        client.scan(number)  # c8\n    # c10\n",
    ),
    "comments_between_arguments": (
        DEF + "    tracker = AIUsageTracker()\n    tracker.set_tracking_context(\n"
        "        # one\n        job_id=number,  # two\n        # three\n"
        "        batch_id='b'  # four\n        # five\n    )\n    return client.scan(number)\n",
        DEF + "    with ai_usage_context(\n        # one\n        'scan',\n"
        "        job_id=number,  # two\n        # three\n        batch_id='b'  # four\n"
        "        # five\n    ):\n        return client.scan(number)\n",
    ),
    "pragmas_stay_on_their_statement": (
        DEF + "    tracker = AIUsageTracker()\n"
        "    tracker.set_tracking_context(job_id = number)  # noqa: E251\n"
        "    result = client.scan(number)  # type: ignore[attr-defined]  # noqa: F841\n"
        "    return result  # pragma: no cover\n",
        DEF + '    with ai_usage_context("scan", job_id = number):  # noqa: E251\n'
        "        result = client.scan(number)  # type: ignore[attr-defined]  # noqa: F841\n"
        "        return result  # pragma: no cover\n",
    ),
    "formatter_is_off_around": (
        "\n\n# fmt: off\nTABLE = [1,\n   2]\n# fmt: on" + DEF + SITE,
        "\n\n# fmt: off\nTABLE = [1,\n   2]\n# fmt: on" + DEF + BLOCK,
    ),
    "semicolons": (
        DEF + "    y = 2; tracker = AIUsageTracker(); tracker.set_tracking_context(job_id=number)"
        "; x = 1; return client.scan(x, y)  # c\n",
        DEF + "    y = 2\n"
        '    with ai_usage_context("scan", job_id=number):\n'
        "        x = 1\n        return client.scan(x, y)  # c\n",
    ),
    "semicolons_elsewhere_stay": (
        "A = 1; B = 2;\n" + DEF + SITE.replace("return", "x = 1; y = 2; return"),
        "A = 1; B = 2;\n" + DEF + BLOCK.replace("return", "x = 1; y = 2; return"),
    ),
    "one_line_function": (
        "\ndef scan(client, number): tracker = AIUsageTracker(); "
        "tracker.set_tracking_context(job_id=number); return client.scan(number)  # c\n",
        "\ndef scan(client, number):\n" + BLOCK.rstrip() + "  # c\n",
    ),
    "one_line_branch": (
        DEF + "    if number: tracker = AIUsageTracker(); "
        "tracker.set_tracking_context(job_id=number); client.scan(number)  # c\n"
        "    else: pass\n    return 1\n",
        DEF + "    if number:\n"
        '        with ai_usage_context("scan", job_id=number):\n'
        "            client.scan(number)  # c\n    else: pass\n    return 1\n",
    ),
    "backslashes": (
        DEF + "    tracker = \\\n        AIUsageTracker()\n"
        "    tracker \\\n        .set_tracking_context(job_id=\\\n   number)\n"
        "    x = number + \\\n  1\n    return client.scan(x) \\\n       or 1\n",
        DEF + '    with ai_usage_context("scan", job_id=\\\n   number):\n'
        "        x = number + \\\n  1\n        return client.scan(x) \\\n       or 1\n",
    ),
    "multi_line_strings": (
        DEF
        + SITE.replace(
            "    return",
            '    text = """a\n  b\n\tc\n"""\n    more = f"""x\n {number}\n   y"""\n'
            '    joined = "a\\\nb"\n    return',
        ),
        DEF
        + BLOCK.replace(
            "        return",
            '        text = """a\n  b\n\tc\n"""\n        more = f"""x\n {number}\n   y"""\n'
            '        joined = "a\\\nb"\n        return',
        ),
    ),
    "multi_line_string_as_id": (
        DEF + SITE.replace("job_id=number", 'job_id="""a\n  b"""'),
        DEF + BLOCK.replace("job_id=number", 'job_id="""a\n  b"""'),
    ),
    "docstring": (
        DEF + '    """One.\n\n    Two.\n    """\n' + SITE,
        DEF + '    """One.\n\n    Two.\n    """\n' + BLOCK,
    ),
    "parenthesised_with_inside": (
        DEF
        + SITE.replace(
            "    return",
            "    with (\n        open('a') as f,  # c1\n        # c2\n        open('b') as g,\n"
            "    ):\n        return",
        ),
        DEF
        + BLOCK.replace('"scan"', "'scan'").replace(
            "        return",
            "        with (\n            open('a') as f,  # c1\n            # c2\n"
            "            open('b') as g,\n        ):\n            return",
        ),
    ),
    "parenthesised_with_around": (
        DEF
        + "    with (\n        open('a') as f,  # c1\n        # c2\n    ):\n"
        + "".join(f"    {line}\n" for line in SITE.splitlines())
        + "        # c3\n",
        DEF
        + "    with (\n        open('a') as f,  # c1\n        # c2\n    ):\n"
        + "".join(f"    {line}\n" for line in BLOCK.splitlines()).replace('"', "'")
        + "        # c3\n",
    ),
    "decorators": (
        "\nclass Scans:\n    @staticmethod\n    # c\n    @cached(1,\n        2)\n"
        "    def scan(client, number):\n" + "".join(f"    {line}\n" for line in SITE.splitlines()),
        "\nclass Scans:\n    @staticmethod\n    # c\n    @cached(1,\n        2)\n"
        "    def scan(client, number):\n"
        + "".join(f"    {line}\n" for line in BLOCK.splitlines()).replace('scan"', 'scans_scan"'),
    ),
    "nested_function": (
        "\ndef outer():\n    def scan(client, number):\n"
        + "".join(f"    {line}\n" for line in SITE.splitlines())
        + "\n    return scan\n",
        "\ndef outer():\n    def scan(client, number):\n"
        + "".join(f"    {line}\n" for line in BLOCK.splitlines())
        + "\n    return scan\n",
    ),
    "cell_around_a_function": (
        "# %%\ndef scan(client, number):\n" + SITE + "\n# %%\nprint(1)\n",
        "# %%\ndef scan(client, number):\n" + BLOCK + "\n# %%\nprint(1)\n",
    ),
    "comments_at_odd_columns": (
        DEF + "    tracker = AIUsageTracker()\n#    tracker.debug()\n"
        "    tracker.set_tracking_context(job_id=number)\n#    print(1)\n"
        "    client.scan(number)\n#    print(2)\n",
        DEF + "#    tracker.debug()\n"
        '    with ai_usage_context("scan", job_id=number):\n#    print(1)\n'
        "        client.scan(number)\n#    print(2)\n",
    ),
    "blank_lines_with_spaces": (
        DEF
        + "    x = 1   \n   \n"
        + SITE.replace("    return", "     \n    return").replace("scan(number)", "scan(number)  "),
        DEF + "    x = 1   \n   \n" + BLOCK.replace("scan(number)", "scan(number)  "),
    ),
    "long_header_takes_an_argument_a_line": (
        DEF
        + SITE.replace(
            "job_id=number",
            "job_id=compute_the_identifier(number), batch_id='a-very-long-batch-identifier'",
        ),
        DEF + "    with ai_usage_context(\n        'scan',\n"
        "        job_id=compute_the_identifier(number),\n"
        "        batch_id='a-very-long-batch-identifier',\n    ):\n"
        "        return client.scan(number)\n",
    ),
}


@pytest.mark.parametrize("name", REWRITTEN)
def test_rewrite_keeps_the_text(tmp_path: Path, name: str) -> None:
    """Only the statements that become the header change; the text of all others is kept."""
    before, after = REWRITTEN[name]
    migrates(tmp_path, OLD + before, NEW + after)


@pytest.mark.parametrize("name", REWRITTEN)
def test_missing_final_newline_stays_missing(tmp_path: Path, name: str) -> None:
    """A file without a final newline has none afterwards, and the same rewrite otherwise."""
    before, after = (text.rstrip("\n") for text in REWRITTEN[name])
    assert migrate(tmp_path, OLD + before).text == NEW + after


@pytest.mark.parametrize("name", REWRITTEN)
def test_newlines_are_those_of_the_file(tmp_path: Path, name: str) -> None:
    """In a file with CRLF every line that is written ends with CRLF."""
    before, after = (text.replace("\n", "\r\n") for text in REWRITTEN[name])
    outcome = migrate(tmp_path, OLD.replace("\n", "\r\n") + before)
    assert outcome.text == NEW.replace("\n", "\r\n") + after


IMPORTS = {
    "behind_another_statement": (f"import os; {OLD}", f"import os\n{NEW}"),
    "in_front_of_another": (f"{OLD.rstrip()}; import os  # c\n", f"{NEW}import os  # c\n"),
    "over_a_backslash": (OLD.replace(" import", " \\\n    import"), NEW),
    "in_parentheses": (
        OLD.replace("AIUsageTracker\n", "(  # c1\n    AIUsageTracker,  # c2\n)\n"),
        None,
    ),
    "under_a_cookie": (
        f"#!/usr/bin/env python\n# -*- coding: utf-8 -*-\n{OLD}",
        f"#!/usr/bin/env python\n# -*- coding: utf-8 -*-\n{NEW}",
    ),
    "under_a_path_set_up": (
        f'import sys\n\nsys.path.insert(0, "lib")\n\n{OLD}',
        f'import sys\n\nsys.path.insert(0, "lib")\n\n{NEW}',
    ),
    "under_docstring_and_future": (
        f'"""Doc."""\nfrom __future__ import annotations; import os\n{OLD}',
        f'"""Doc."""\nfrom __future__ import annotations; import os\n{NEW}',
    ),
    "with_a_comment": (OLD.rstrip() + "  # for the scans\n", NEW.rstrip() + "  # for the scans\n"),
    "kept_by_its_pragma": (
        OLD.rstrip() + "  # noqa: F401\n",
        NEW + OLD.rstrip() + "  # noqa: F401\n",
    ),
    "not_kept_by_another_pragma": (
        OLD.rstrip() + "  # noqa: E501\n",
        NEW.rstrip() + "  # noqa: E501\n",
    ),
    "kept_by_all": (
        OLD + '__all__ = ["AIUsageTracker"]\n',
        NEW + OLD + '__all__ = ["AIUsageTracker"]\n',
    ),
}


@pytest.mark.parametrize("name", CONSERVATIVE)
def test_each_comment_is_kept_once(tmp_path: Path, name: str) -> None:
    """Where a call is divided or a construction moves, each comment goes one way."""
    head = OLD.replace("tracker.", "receipt_label.utils.", 1)
    before, after = CONSERVATIVE[name]
    outcome = migrate(tmp_path, head + before, runtime="conservative")
    assert outcome.failed is None
    assert outcome.text == NEW.replace("tracker.", "receipt_label.utils.", 1) + head + after


def test_comment_follows_a_call_into_a_later_header(tmp_path: Path) -> None:
    """Where the block starts after other statements, the comment of the call moves on once."""
    before = OLD + (
        "tracker = AIUsageTracker()\n"
        'tracker.set_tracking_context(batch_id="night")  # c1\n'
        "kept = [text for text in texts if text]\n"
        "for text in kept:\n"
        "    scan(text, tracker)\n"
    )
    migrates(
        tmp_path,
        before,
        NEW.replace("ai_usage_context\n", "batch_ai_usage_context\n")
        + "kept = [text for text in texts if text]\n"
        'with batch_ai_usage_context("night", item_count=len(kept)) as tracker:  # c1\n'
        "    for text in kept:\n"
        "        scan(text, tracker)\n",
    )


def test_statements_of_one_line_have_an_order(tmp_path: Path) -> None:
    """What comes before what is decided by the place in the line, too: here a last ``del``."""
    migrates(
        tmp_path,
        OLD + "def scan(client): t = AIUsageTracker(); t.set_tracking_context(job_id='a'); "
        "found = client.scan(t); del t; return found\n",
        NEW + "def scan(client):\n"
        "    with ai_usage_context('scan', job_id='a') as t:\n"
        "        found = client.scan(t)\n"
        "        del t\n"
        "        return found\n",
    )


def test_yield_of_a_fixture_on_the_line_of_the_call(tmp_path: Path) -> None:
    """A fixture is seen as one where its ``yield`` follows the call on the same line."""
    text = (
        OLD + "import pytest\n\n\n@pytest.fixture\ndef usage():\n    t = AIUsageTracker()\n"
        "    t.set_tracking_context(job_id='a'); yield t\n    t.flush_metrics()\n"
    )
    assert "with ai_usage_context" in migrate(tmp_path, text, unsafe=True).text
    refuses(tmp_path, text, "yields-inside")


def test_line_that_does_not_survive_is_named(tmp_path: Path) -> None:
    """LibCST drops the blank in ``except X :``; the refusal says in which line."""
    text = OLD + DEF + SITE + "\n\ndef other():\n    pass\n"
    text = text.replace(
        "    return", "    try:\n        pass\n    except OSError :\n        pass\n    return"
    )
    outcome = refuses(tmp_path, text, "does-not-round-trip")
    line = text.split("\n").index("    except OSError :") + 1
    assert f"line {line} " in outcome.refusals[0].detail


@pytest.mark.parametrize("name", IMPORTS)
def test_import_is_exchanged_in_its_place(tmp_path: Path, name: str) -> None:
    """The new import stands where the legacy one stood, below set-up code and comments."""
    before, after = IMPORTS[name]
    outcome = migrate(tmp_path, before + DEF + SITE)
    assert outcome.failed is None
    if after is not None:
        assert outcome.text.startswith(after + DEF + '    with ai_usage_context("scan", ')
    assert NEW.rstrip() in outcome.text
    assert outcome.text.count("#") == before.count("#")


ESCAPING = SITE.replace("return client.scan(number)", "return tracker")
CALLER = "\n\ndef scan(client, number, tracker):\n    return client.scan(number)\n"
LEFT = {
    "no_legacy": "x = 1\n",
    "only_mentioned": '"""About AIUsageTracker()."""\n# tracker = AIUsageTracker()\nx = 1\n',
    "another_class": "from acme.usage import AIUsageTracker\n" + DEF + SITE,
    "own_class": "class AIUsageTracker:\n    pass\n" + DEF + SITE,
    "already_migrated": NEW + DEF + BLOCK,
    "already_migrated_tabs": NEW + DEF + BLOCK.replace("    ", "\t"),
    "already_migrated_semicolons": NEW + DEF + BLOCK.replace("return", "x = 1; return"),
    "already_migrated_one_line": NEW + "\ndef scan(client, number):\n"
    "    with ai_usage_context('scan', job_id=number) as t: return client.scan(number)  # c\n",
    "already_migrated_parenthesised": NEW + "\ndef scan(client, number):\n    with (\n"
    "        ai_usage_context('scan', job_id=number) as t,  # c\n        open('a'),\n    ):\n"
    "        return client.scan(number)\n",
    "text_in_a_string": f"PROGRAM = '''\n{OLD}{DEF}{SITE}'''\n",
    "text_in_comments": "".join(f"# {line}\n" for line in (OLD + SITE).splitlines()) + "x = 1\n",
    "trailing_spaces": "x = 1   \n\t\n  # AIUsageTracker \n",
    "form_feed": "x = 1\n\x0c\n# AIUsageTracker\ny = 2\n",
    "no_final_newline": "x = 'AIUsageTracker'",
    "only_a_comment": "# AIUsageTracker",
    "odd_newlines": "x = 1\r\n# AIUsageTracker\ny = 2\rz = 3\n",
    "mark": "\ufeffx = 'AIUsageTracker'\r\n",
    "caller_only": CALLER,
}


@pytest.mark.parametrize("name", LEFT)
def test_text_without_a_site_is_left_alone(tmp_path: Path, name: str) -> None:
    """A file that only mentions the names, or is migrated already, is not touched or reported."""
    leaves(tmp_path, LEFT[name])


REFUSED = {
    "escape": (OLD + DEF + ESCAPING, "escapes"),
    "escape_with_tabs": (OLD + DEF + ESCAPING.replace("    ", "\t"), "escapes"),
    "escape_in_semicolons": (
        OLD + DEF + "    " + "; ".join(line.strip() for line in ESCAPING.splitlines()) + "\n",
        "escapes",
    ),
    "escape_on_one_line": (
        OLD + "\ndef scan(n): t = AIUsageTracker(); t.set_tracking_context(job_id=n); return t\n",
        "escapes",
    ),
    "escape_over_backslashes": (
        OLD + DEF + ESCAPING.replace("= AI", "= \\\n        AI").replace("return ", "return \\\n "),
        "escapes",
    ),
    "escape_with_comments": (OLD + DEF + ESCAPING.replace("\n", "  # c\n"), "escapes"),
    "escape_in_parentheses": (
        OLD + DEF + ESCAPING.replace("return tracker", "return (  # c\n        tracker\n    )"),
        "escapes",
    ),
    "escape_from_a_nested_function": (
        OLD
        + "\ndef outer():\n    def scan(number):\n"
        + "".join(f"    {line}\n" for line in ESCAPING.splitlines())
        + "    return scan\n",
        "escapes",
    ),
    "cells": (
        OLD + "# %%\ntracker = AIUsageTracker()\ntracker.set_tracking_context(job_id='1')\n# %%\n"
        "client.scan(1)\n",
        "crosses-cells",
    ),
    "cells_with_a_title": (
        OLD + "# %% build\ntracker = AIUsageTracker()\n# %% [markdown]\n# Text.\n# %% use\n"
        "tracker.set_tracking_context(job_id='1')\nclient.scan(1)\n",
        "crosses-cells",
    ),
    "form_feed_before_a_statement": (
        OLD + DEF + SITE.replace("    return", "\x0c    return"),
        "does-not-round-trip",
    ),
    "form_feed_before_the_function": (OLD + "\n\x0cdef" + DEF[5:] + SITE, "does-not-round-trip"),
    "form_feed_before_the_import": ("\x0c" + OLD + DEF + SITE, "does-not-round-trip"),
    "carriage_returns_alone": ((OLD + DEF + SITE).replace("\n", "\r"), "does-not-round-trip"),
    "name_is_taken": (OLD + "ai_usage_context = 1  # taken\n" + DEF + SITE, "name-taken"),
    "yield_inside": (OLD + DEF + SITE.replace("return", "yield 1; return"), "yields-inside"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refused_text_is_left_alone(tmp_path: Path, name: str) -> None:
    """A site that a person must look at is named with its reason, whatever its layout."""
    text, reason = REFUSED[name]
    refuses(tmp_path, text, reason)


FORM_FEEDS = {
    "between": (OLD + "\n\x0c" + DEF + SITE, NEW + "\n\x0c" + DEF + BLOCK),
    "in_a_string": (
        OLD + DEF + SITE.replace("scan(number)", "scan('''a\n\x0c\n''')"),
        NEW + DEF + BLOCK.replace('"', "'").replace("scan(number)", "scan('''a\n\x0c\n''')"),
    ),
    "before_another_statement": (
        OLD + "\x0cX = 1\n" + DEF + SITE,
        NEW + "\x0cX = 1\n" + DEF + BLOCK,
    ),
    "inside_another_line": (OLD + "X =\x0c1\n" + DEF + SITE, NEW + "X =\x0c1\n" + DEF + BLOCK),
    "lone_cr_elsewhere": (
        OLD + "X = 1\rY = 2\n" + DEF + SITE,
        NEW + "X = 1\rY = 2\n" + DEF + BLOCK,
    ),
    "mixed_newlines": (
        OLD
        + DEF
        + SITE.replace("return client.scan(number)\n", "client.scan(1)\r\n    return 2\n"),
        NEW
        + DEF
        + BLOCK.replace("return client.scan(number)\n", "client.scan(1)\r\n        return 2\n"),
    ),
    "separators_in_a_comment": (
        OLD + DEF + SITE.replace("    return", "    # \x0b \x85 \u2028\n    return"),
        NEW + DEF + BLOCK.replace("        return", "        # \x0b \x85 \u2028\n        return"),
    ),
}


@pytest.mark.parametrize("name", FORM_FEEDS)
def test_odd_characters_are_kept(tmp_path: Path, name: str) -> None:
    """Form feeds, lone CR and mixed newlines outside of the changed lines are kept."""
    before, after = FORM_FEEDS[name]
    outcome = migrate(tmp_path, before)
    assert outcome.text == after
    assert not migrate(tmp_path, after).changed
