"""The words and operators of a shell command, read as bash reads them. Pure.

Quotes are removed. What only running the command would tell (a variable, the output of another command, braces) stands
in its word as `UNTOLD`. The commands of a substitution come before the word that they are in, between `BEGIN` and `)`.
Here-documents and comments are left out, and so is what lies too deep.
"""

from __future__ import annotations

UNTOLD = "\0"
BEGIN = "$("
WRITING = (">", ">>", ">|", ">&", "&>", "&>>")
READING = ("<", "<<<", "<&", "<>")
DEEPEST = 40
"""Substitutions and subshells in one another, further than anyone writes; what is deeper is not read."""

_DOCUMENTS = ("<<", "<<-")
_BETWEEN = ("\n", "(", ")", ";", ";;", ";&", ";;&", "&", "&&", "|", "||", "|&")
_OPERATORS = frozenset((*WRITING, *READING, *_DOCUMENTS, *_BETWEEN))
_BLANKS = " \t"
_ENDS = _BLANKS + "\n;&|<>)"
_SPECIAL = _ENDS + "('\"\\$`{"
_QUOTING = "'\"\\$`{"
_PARAMETERS = frozenset("_@*#?!-$")  # and letters and digits
_WILD = frozenset("*?[")
_ESCAPED_IN_QUOTES = '$`"\\'
_ESCAPED_IN_BACKTICKS = "$`\\"
_ANSI = {"n": "\n", "t": "\t", "r": "\r", "\\": "\\", "'": "'", '"': '"', "?": "?"}


class Operator(str):
    """What separates words, without quotes around it."""

    __slots__ = ()


class Pattern(str):
    """A word with a pattern of file names in it, outside of quotes."""

    __slots__ = ()


def words(text: str) -> list[str]:
    """The words and operators of a text, in order; an end that is missing is where the text ends."""
    reader = _Reader(text)
    reader.read()
    return reader.tokens


class _Reader:
    """A text, how far it is read, and what was read."""

    __slots__ = ("_at", "_depth", "_documents", "_end", "_text", "tokens")

    def __init__(self, text: str, depth: int = 0) -> None:
        self.tokens: list[str] = []
        self._text = text
        self._at = 0
        self._depth = depth
        self._end = ""  # what ends the commands that are being read
        # to come after this line: the last line, whether tabs may be before it, whether backslashes join lines
        self._documents: list[tuple[str, bool, bool]] = []

    def read(self, end: str = "") -> None:
        """Read commands up to their end, and the end, too."""
        outer, self._end = self._end, end
        while self._at < len(self._text):
            char = self._next()
            if char == end:
                self._at += 1
                break
            if char in _BLANKS:
                self._at += 1
            elif char == "\\" and self._next(1) == "\n":
                self._at += 2
            elif char == "#":
                self._at = self._find("\n")
            elif char == "(":
                self._parenthesis("(")
            elif operator := self._operator():
                self._take(operator)
            else:
                self._word()
        self._end = outer

    def _next(self, further: int = 0) -> str:
        """The character here or further on; empty past the end."""
        at = self._at + further
        return self._text[at : at + 1]

    def _operator(self) -> str:
        for length in (3, 2, 1):
            piece = self._text[self._at : self._at + length]
            if piece in _OPERATORS:
                return piece
        return ""

    def _find(self, char: str) -> int:
        found = self._text.find(char, self._at)
        return len(self._text) if found < 0 else found

    def _until(self, char: str) -> str:
        """What is before the next such character, which is passed."""
        begin, end = self._at, self._find(char)
        self._at = end + 1
        return self._text[begin:end]

    def _take(self, operator: str) -> None:
        self._at += len(operator)
        if operator in {"<", ">"} and self._next() == "(":
            self._parenthesis(BEGIN)
            self.tokens.append(UNTOLD)
        elif operator in _DOCUMENTS:
            self._document(operator)
        else:
            self.tokens.append(Operator(operator))
        if operator == "\n":
            self._skip_documents()

    def _parenthesis(self, opener: str) -> None:
        """Commands in parentheses, or arithmetic, in which `>` compares."""
        end = self._end_of_arithmetic() if self._next(1) == "(" else 0
        if end:
            self._at = end
        else:
            self._at += 1
            self._commands(opener, ")")

    def _end_of_arithmetic(self) -> int:
        """Where arithmetic that begins here ends; 0 where its parentheses are those of subshells."""
        depth = inner = 0
        for at in range(self._at, len(self._text)):
            if self._text[at] == "(":
                depth += 1
            elif self._text[at] == ")":
                depth -= 1
                inner = inner or (at if depth == 1 else 0)
                if not depth:
                    return at + 1 if inner == at - 1 else 0
        return 0

    def _commands(self, opener: str, end: str) -> None:
        """Commands up to their end, between operators that say so."""
        self.tokens.append(Operator(opener))
        self._deeper(end)
        self.tokens.append(Operator(")"))

    def _deeper(self, end: str) -> None:
        """What is within something else; where that is too deep, the rest of the text is left."""
        self._depth += 1
        if self._depth > DEEPEST:
            self._at = len(self._text)
        elif end == "}":
            self._quoted(end)
        else:
            self.read(end)
        self._depth -= 1

    def _document(self, operator: str) -> None:
        """The announcement of a here-document: a word that is its last line."""
        while self._at < len(self._text) and self._next() in _BLANKS:
            self._at += 1
        before, begin = len(self.tokens), self._at
        self._word()
        if len(self.tokens) > before:
            is_quoted = any(char in self._text[begin : self._at] for char in "'\"\\")
            self._documents.append((self.tokens[-1], operator == "<<-", not is_quoted))
        del self.tokens[before:]

    def _skip_documents(self) -> None:
        for last, tabbed, joined in self._documents:
            while self._at < len(self._text):
                line = self._joined() if joined else self._until("\n")
                if (line.lstrip("\t") if tabbed else line) == last:
                    break
        self._documents.clear()

    def _joined(self) -> str:
        """A line with those that a backslash at the end joins to it."""
        parts: list[str] = []
        while True:
            line = self._until("\n")
            if (len(line) - len(line.rstrip("\\"))) % 2 == 0 or self._at >= len(self._text):
                return "".join([*parts, line])
            parts.append(line[:-1])

    def _word(self) -> None:
        """The next word, unless it is the number of a descriptor: `2>`."""
        begin, parts, is_pattern = self._at, [], False
        while self._at < len(self._text):
            char = self._next()
            if char in _ENDS or char == self._end:
                break
            if char != "(":
                parts.append(self._part())
                is_pattern = is_pattern or (char not in _QUOTING and not _WILD.isdisjoint(parts[-1]))
            elif self._at > begin and self._text[self._at - 1] in "=!@+?*":  # a list of words, or a pattern
                self._at += 1
                before = len(self.tokens)
                self._deeper(")")
                del self.tokens[before:]
                parts.append(UNTOLD)
            else:
                break
        written = self._text[begin : self._at]
        if written and not (written.isascii() and written.isdecimal() and self._next() in {"<", ">"}):
            self.tokens.append((Pattern if is_pattern else str)("".join(parts)))

    def _part(self) -> str:
        """The next piece of a word: something quoted, something untold, or plain characters."""
        char, begin = self._next(), self._at
        self._at += 1
        if char == "'":
            return self._until("'")
        if char == '"':
            return self._quoted('"')
        if char == "\\":
            self._at += 1
            return (self._text[begin + 1 : self._at] or char).replace("\n", "")
        if char == "$":
            return self._expansion()
        if char == "`":
            return self._substitution()
        if char == "{" and self._next() not in " \t\n":
            return UNTOLD
        return char + self._plain(_SPECIAL)

    def _plain(self, special: str) -> str:
        begin = self._at
        while self._at < len(self._text) and self._text[self._at] not in special:
            self._at += 1
        return self._text[begin : self._at]

    def _substitution(self, escaped: str = _ESCAPED_IN_BACKTICKS) -> str:
        """The commands in backticks, which are read without the backslashes that are for these."""
        parts = []
        while (char := self._next()) and char != "`":
            self._at += 1
            if char == "\\" and self._next() in escaped:
                char = self._next()
                self._at += 1
            parts.append(char + self._plain("`\\"))
        self._at += 1
        self.tokens.append(Operator(BEGIN))
        if self._depth < DEEPEST:
            inner = _Reader("".join(parts), self._depth + 1)
            inner.read()
            self.tokens += inner.tokens
        self.tokens.append(Operator(")"))
        return UNTOLD

    def _quoted(self, end: str) -> str:
        """What is in double quotes, or in the braces of a variable."""
        parts = []
        while self._at < len(self._text):
            char = self._next()
            self._at += 1
            if char == end:
                break
            if char == "\\":
                escaped = self._next()
                self._at += 1
                parts.append(escaped if escaped in _ESCAPED_IN_QUOTES else (char + escaped).replace("\\\n", ""))
            elif char == "$":
                parts.append(self._expansion(quoted=True))
            elif char == "`":
                parts.append(self._substitution(_ESCAPED_IN_QUOTES))
            elif char == '"':
                parts.append(self._quoted(char))
            else:
                parts.append(char + self._plain(_ESCAPED_IN_QUOTES + end))
        return "".join(parts)

    def _expansion(self, *, quoted: bool = False) -> str:
        """What follows a dollar sign: a variable, commands, arithmetic; or a quote that begins with it."""
        char = self._next()
        if char == "(":
            self._parenthesis(BEGIN)
            return UNTOLD
        if char in {"'", '"'} and not quoted:
            self._at += 1
            return self._ansi() if char == "'" else self._quoted(char)
        if char == "{":
            self._at += 1
            self._deeper("}")
            return UNTOLD
        if char not in _PARAMETERS and not char.isalnum():
            return "$"
        self._at += 1  # of a longer name the rest stays: in this word nothing can be told any more
        return UNTOLD

    def _ansi(self) -> str:
        """What is in quotes that begin with a dollar sign, in which a backslash stands for more."""
        parts = []
        while self._at < len(self._text):
            char = self._next()
            self._at += 1
            if char == "'":
                break
            if char == "\\":
                parts.append(_ANSI.get(self._next(), UNTOLD))
                self._at += 1
            else:
                parts.append(char)
        return "".join(parts)
