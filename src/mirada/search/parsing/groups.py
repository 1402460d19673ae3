"""Groups the words between marks into things with what is said of them.

A group takes in all that isn't spatial: "man riding a horse", "bowl of fruit", "red car".
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from mirada.language.parts import Part
from mirada.language.tables import words_of
from mirada.search.parsing.items import Group, Joint
from mirada.search.parsing.marks import Mark, number_of
from mirada.search.parsing.patterns import words_in
from mirada.search.parsing.tokens import Token, is_gerund, is_living

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mirada.search.parsing.items import Item

_AND: Final = frozenset(("and", "&", "y", "e", "+", "plus"))
_OR: Final = frozenset(("or", "nor", "o", "u", "/"))
_WITH: Final = frozenset(("with", "con"))
_OF: Final = frozenset(("of", "de", "del"))
_ONE: Final = frozenset(("one", "ones"))
_IT: Final = frozenset(("it", "him", "her", "itself", "this", "él", "ella", "ello", "este", "esta"))
_THEM: Final = frozenset(("them", "these", "ellos", "ellas"))
_SOMEONE: Final = frozenset(("someone", "somebody", "anyone", "anybody", "alguien"))
_ONE_OF: Final = frozenset(("uno", "una", "otro", "otra", "another"))  # where no noun follows
_OTHER: Final = frozenset(("other", "another", "otro", "otra"))
_NAMING: Final = (Part.NOUN, Part.ADJECTIVE, Part.PARTICIPLE, Part.NUMBER, Part.VERB)
_IGNORED: Final = frozenset("'’`´\"“”«»¿¡#*_|~^<>=+-–—@$%&\\/")
_PLACES: Final = ("position", "toward", "setting")


def group(pieces: Sequence[Token | Mark], language: str) -> list[Item]:
    """Groups, marks and joints in order."""
    return _Grouper(pieces, language).run()


class _Grouper:
    def __init__(self, pieces: Sequence[Token | Mark], language: str) -> None:
        self._pieces = pieces
        self._language = language
        self._genres = words_in("scenes.tsv", "genre", language)
        self._items: list[Item] = []
        self._group: Group | None = None
        self._open = False  # the tail waits for an object: "riding", "of"
        self._said = False  # what comes is said of the group: "that is ..."
        self._at = 0
        self._opening: list[Token] = []
        self._is_resumed = False  # the group is among the items already

    def run(self) -> list[Item]:
        for at, piece in enumerate(self._pieces):
            self._at = at
            if isinstance(piece, Mark):
                self._mark(piece)
            else:
                self._token(piece)
        self._close()
        return self._items

    # marks

    def _mark(self, mark: Mark) -> None:
        if mark.kind == "count":
            self._number(mark.value)
        elif mark.kind == "some_of":
            self._close()
            self._number(mark.value)
            self._here().pronoun = True
        elif mark.kind in ("who", "being"):
            self._said = self._group is not None
            self._open = False
        elif mark.kind == "nobody":
            self._close()
            word = Token(mark.value, _person(mark.value), Part.NOUN, mark.start, mark.end)
            self._items += [mark._replace(kind="without"), Group(nouns=[word])]
        else:
            self._close()
            self._items.append(mark)

    # words

    def _token(self, token: Token) -> None:
        """A word by its form, where that says more than its part of speech."""
        form = token.form
        if token.plain:
            self._plain(token)
        elif form in _ONE_OF and self._part(1) not in _NAMING:
            self._close()
            self._number("1")
            self._here().pronoun = True
        elif form in _AND or form in _OR:
            self._conjunction(token)
        elif (form in _IT or form in _THEM) and self._part(1) not in _NAMING:
            self._it(token)
        elif form in _SOMEONE:
            self._noun(token._replace(part=Part.NOUN))
        else:
            self._word(token)

    def _word(self, token: Token) -> None:
        match token.part:
            case Part.MARK:
                self._punctuation(token)
            case Part.CONJUNCTION:
                self._join(Joint.STOP)
            case Part.DETERMINER:
                self._determiner(token)
            case Part.NUMBER:
                self._numeral(token)
            case Part.NOUN:
                self._noun(token)
            case Part.PREPOSITION:
                self._preposition(token)
            case Part.VERB | Part.GERUND | Part.PARTICIPLE | Part.AUXILIARY:
                self._act(token)
            case _:
                self._quality(token)

    def _plain(self, token: Token) -> None:
        """A word of an idiom: it stays with what stands before."""
        group = self._here()
        (group.tail if group.is_named else group.lead).append(token)
        group.mutual = group.mutual or token.mutual
        self._open = token.form == "by"  # "followed by a dog"

    def _punctuation(self, token: Token) -> None:
        if token.form in _IGNORED:
            return
        lists_qualities = (
            token.form == ","
            and self._group is not None
            and bool(self._group.before)
            and not self._group.nouns
            and self._part(1) is Part.ADJECTIVE
        )
        if not lists_qualities:
            self._join(Joint.STOP)

    def _conjunction(self, token: Token) -> None:
        if self._goes_on():
            group = self._here()
            place = group.tail or (group.after if group.nouns else group.before)
            place.append(token)
        else:
            self._join(Joint.AND if token.form in _AND else Joint.OR)

    def _goes_on(self) -> bool:
        """Whether an "and" joins qualities or acts of one group: "blue and yellow parrot"."""
        group, after = self._group, self._part(1)
        if group is None:
            return False
        if group.tail:
            acts = (Part.GERUND, Part.PARTICIPLE, Part.VERB)
            return after in acts and any(token.part in acts for token in group.tail)
        if self._language == "es" and group.nouns:
            return bool(group.after) and after in (Part.ADJECTIVE, Part.PARTICIPLE)
        return bool(group.before) and not group.nouns and after in (Part.ADJECTIVE, Part.NOUN)

    def _it(self, token: Token) -> None:
        if self._group is not None:
            self._group.tail.append(token)
        else:
            self._items.append(Joint.THEM if token.form in _THEM else Joint.IT)

    def _determiner(self, token: Token) -> None:
        if self._group is not None and self._open:
            self._group.tail.append(token)
        else:
            if self._group is not None:
                self._close()
            group = self._here()
            group.determined = True
            group.opening.append(token)

    def _numeral(self, token: Token) -> None:
        number = number_of(token.form, self._language)
        if self._group is not None and self._open:
            self._group.tail.append(token)
        elif number is None or int(number) > 99:
            self._noun(token)
        elif token.form in _ONE and self._part(1) not in (Part.NOUN, Part.ADJECTIVE):
            self._number("1")
            self._here().pronoun = True
        else:
            self._number(number)
            self._here().opening.append(token)

    def _number(self, count: str) -> None:
        if self._group is not None and self._group.is_named:
            self._close()
        self._here().count = count

    def _noun(self, token: Token) -> None:
        group = self._here()
        if token.form in _ONE and not group.nouns:
            group.pronoun = True
        elif self._is_act_of(group, token):
            self._act(token._replace(part=Part.GERUND))
        elif group.tail:
            group.tail.append(token)
            self._open = False
        elif group.nouns and (self._language == "es" or group.after):
            group.after.append(token)
        else:
            group.nouns.append(token)

    def _is_act_of(self, group: Group, token: Token) -> bool:
        """Whether a word that may be a noun says what someone does: "an elephant drinking"."""
        return (
            self._language == "en"
            and bool(group.nouns)
            and is_living(group.nouns[-1].lemma, "en")
            and token.form.endswith("ing")
            and is_gerund(token)
        )

    def _preposition(self, token: Token) -> None:
        group = self._group
        if group is None or not group.is_named:
            self._here().lead.append(token)
        elif token.form in _WITH:
            self._join(Joint.WITH)
            self._opening = [token]
        elif token.form in _OF and not group.tail and group.nouns[-1:] and self._is_genre(group):
            self._join(Joint.STOP)
        else:
            group.tail.append(token)
            self._open = True

    def _is_genre(self, group: Group) -> bool:
        return group.nouns[-1].lemma in self._genres or group.nouns[-1].form in self._genres

    def _act(self, token: Token) -> None:
        """A verb: said of a named group, else before its noun: "a sleeping cat"."""
        group = self._here() if self._group is not None else self._resumed(token) or self._here()
        if not group.is_named:
            group.before.append(token)
        elif self._is_compound(group, token):
            group.before += [*group.nouns, token]
            group.nouns = []
        elif self._language == "es" and token.part is Part.PARTICIPLE and not group.tail:
            group.after.append(token)
        else:
            group.tail.append(token)
            self._open = True

    def _is_compound(self, group: Group, token: Token) -> bool:
        """Whether noun and participle describe the noun to come: "snow covered mountains"."""
        return (
            self._language == "en"
            and token.form.endswith(("ed", "en"))
            and not group.tail
            and not self._said
            and len(group.nouns) == 1
            and self._part(1) is Part.NOUN
        )

    def _quality(self, token: Token) -> None:
        """An adjective, an adverb or another word."""
        group = self._here()
        if not group.is_named or (self._said and token.part is Part.ADJECTIVE):
            own = group.after if self._language == "es" and group.nouns else group.before
            own.append(token)
        elif self._language == "es" and token.part is Part.ADJECTIVE and not group.tail:
            group.after.append(token)
        else:
            group.tail.append(token)

    # the group at hand

    def _here(self) -> Group:
        if self._group is None:
            self._group = Group(opening=self._opening)
            self._opening = []
        return self._group

    def _resumed(self, act: Token) -> Group | None:
        """The thing that was placed before its act: "a man on the left holding a camera"."""
        if len(self._items) < 2 or not self._is_last_mark(*_PLACES):
            return None
        before = self._items[-2]
        is_quality = act.part is not Part.GERUND and self._part(1) is Part.NOUN
        if not isinstance(before, Group) or is_quality:
            return None
        self._group, self._is_resumed = before, True
        return before

    def _is_last_mark(self, *kinds: str) -> bool:
        last = self._items[-1]
        return isinstance(last, Mark) and last.kind in kinds

    def _join(self, joint: Joint) -> None:
        self._close()
        self._items.append(joint)

    def _close(self) -> None:
        group = self._group
        has_content = group is not None and (group.words or group.pronoun or group.count)
        if group is not None and has_content and not self._is_resumed:
            self._settle(group)
            self._items.append(group)
        self._group, self._open, self._said, self._opening = None, False, False, []
        self._is_resumed = False

    def _settle(self, group: Group) -> None:
        """Take "the other" and "otra verde" for a thing that was named before."""
        forms = [token.form for token in (*group.opening, *group.before)]
        is_other = any(form in _OTHER or (form in _ONE and self._items) for form in forms)
        colours = words_of("colour", self._language)
        if is_other and all(token.lemma in colours for token in group.nouns):
            group.before, group.nouns = [*group.before, *group.nouns], []
            group.pronoun = True
            group.before = [token for token in group.before if token.form not in _OTHER]
            if not group.before:
                group.count = group.count or "1"
        group.pronoun = group.pronoun or not group.words

    def _part(self, step: int) -> Part | None:
        at = self._at + step
        piece = self._pieces[at] if at < len(self._pieces) else None
        return piece.part if piece is not None and not isinstance(piece, Mark) else None


def _person(form: str) -> str:
    return "person" if form == "people" else "persona"
