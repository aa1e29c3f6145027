"""A person at a terminal, or a script that answers for them: one line for each question."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from codemods.cli import execution
from codemods.model.question import Answer
from codemods.report import display
from codemods.report.question import is_unsafe, render

if TYPE_CHECKING:
    from codemods.model.question import Block, Question

_HELP = """\
y - make this rewrite
n - leave this place as it is; what depended on it is left too
a - make this rewrite and all that follow, in all files, unsafe ones too
d - leave this place and all that is left in this file
e - give its block another name, which is kept in pyproject.toml; then ask again
q - leave this place and all that follow; what was accepted is written
? - show this
yes, no, all, none, edit and quit say the same.
Nothing is written before the last question; Ctrl-C ends the run without writing anything.
"""
_KEYS = ",".join([*Answer, "?"])
_ANSWERS = {
    **{answer.value: answer for answer in Answer},
    "yes": Answer.YES,
    "no": Answer.NO,
    "all": Answer.ALL,
    "none": Answer.NONE_IN_FILE,
    "edit": Answer.EDIT_NAME,
    "quit": Answer.QUIT,
}


class NoAnswerError(BaseException):
    """Nobody is there to answer: no terminal, and no line of input.

    It is no Exception: one that a file's analysis raises becomes the failure of that file.
    """


class HungUpError(BaseException):
    """Nobody sees the questions any more.  It is no Exception, for the same reason."""


class Terminal:
    """Asks on standard output, and reads the answers from standard input."""

    def __init__(self, *, colour: bool) -> None:
        self._colour = colour
        self._has_answered = False
        for stream in (sys.stdin, sys.stdout):
            getattr(stream, "reconfigure", lambda **_: None)(errors="backslashreplace")

    def ask(self, question: Question) -> Answer:
        """Show *question* until there is an answer; the end of the input is the end of all."""
        self._say(render(question, colour=self._colour))
        asked = "Not proven safe. Rewrite it" if is_unsafe(question) else "Rewrite it"
        while True:
            line = self._read(f"{asked} [{_KEYS}]? ")
            if line is None:
                return Answer.QUIT
            answer = _ANSWERS.get(line.strip().lower())
            if answer is not None:
                return answer
            self._say(_HELP)

    def name(self, block: Block) -> str | None:
        """Ask for the name of *block*; "" leaves it as it is, None is the end of the input."""
        now = f"now {block.name}" if block.name else "it has none"
        place = display.line(f"line {block.line} ({now}, in {block.key})")
        line = self._read(f"Name of the block at {place}, or nothing to leave it: ")
        return None if line is None else line.strip()

    def tell(self, text: str) -> None:
        """Say *text*."""
        self._say(display.line(text) + "\n")

    def _read(self, prompt: str) -> str | None:
        """Return the next line of input after *prompt*, None at its end."""
        self._say(prompt)
        line = sys.stdin.readline() if sys.stdin is not None else ""
        if line:
            self._has_answered = True
            return line
        self._say("\n")
        if not self._has_answered and not (sys.stdin is not None and sys.stdin.isatty()):
            raise NoAnswerError
        return None

    def _say(self, text: str) -> None:
        try:
            execution.show_at_once(text, colour=self._colour)
        except BrokenPipeError:
            raise HungUpError from None
