"""Captions and tags as people would type them: nouns, what they are like, do, and stand to others.

"a man riding a brown horse" -> man, horse, brown horse, man ride, man ride horse
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from mirada.language.analysis import analyse
from mirada.language.chunks import Act, Chunk, Link, Quality, Stop, Thing, chunks
from mirada.language.parts import Part
from mirada.language.tables import words_of
from mirada.types import Keyphrase

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from mirada.types import Caption, Tag

VERSION: Final = "phrases/1"

NOUN: Final = "noun"
ADJECTIVE_NOUN: Final = "adjective_noun"
NOUN_VERB: Final = "noun_verb"
NOUN_RELATION_NOUN: Final = "noun_relation_noun"

_OF: Final = frozenset(("of", "de"))
_WITH: Final = frozenset(("with", "con", "without", "sin"))
_BY: Final = frozenset(("next_to", "by", "por"))
_IN: Final = frozenset(("inside", "in_on"))
_HOLDING: Final = frozenset((*_IN, "on"))
_WEAR: Final = {"en": "wear", "es": "llevar"}


def caption_keyphrases(caption: Caption, *, source: str) -> list[Keyphrase]:
    """The phrases of a caption; `source` says what it describes: caption or region."""
    return keyphrases(caption.text, language=caption.language, source=source)


def keyphrases(text: str, *, language: str | None = None, source: str) -> list[Keyphrase]:
    """The phrases of a text, each once, in its order; without a language, it is guessed."""
    analysis = analyse(text, language)
    reader = _Reader(analysis.language)
    for chunk in chunks(analysis):
        reader.read(chunk)
    return [Keyphrase(text, kind, source) for text, kind in dict.fromkeys(reader.phrases)]


def tag_keyphrases(tags: Iterable[Tag]) -> list[Keyphrase]:
    """The names of tags, lemmatised, each once and whole: "wooden chairs" -> "wooden chair"."""
    return list(dict.fromkeys(_tag_keyphrase(tag.name) for tag in tags if tag.name.strip()))


def _tag_keyphrase(name: str) -> Keyphrase:
    tokens = analyse(name, "en").tokens
    parts = {token.part for token in tokens}
    described = parts & {Part.ADJECTIVE, Part.PARTICIPLE, Part.NUMBER} and Part.NOUN in parts
    text = " ".join(
        token.lemma if token.part is Part.NOUN else token.form.replace("_", " ") for token in tokens
    )
    return Keyphrase(text, ADJECTIVE_NOUN if described else NOUN, "tag")


class _Reader:
    """Reads chunks from left to right and hangs each on those before it."""

    def __init__(self, language: str) -> None:
        self.phrases: list[tuple[str, str]] = []
        self._language = language
        self._wear = _WEAR[language]
        self._worn = words_of("worn", language)
        self._groups = words_of("group", language)
        self._frames = words_of("frame", language)
        self._stop = words_of("stop", language)
        self._agents = words_of("agent", language)
        self._main: Sequence[Thing] = []  # subjects of finite verbs
        self._subjects: Sequence[Thing] = []  # of what comes next
        self._last: Thing | None = None
        self._act_now: Act | None = None
        self._object: Thing | None = None  # of the act
        self._link: Link | None = None
        self._host_link: tuple[Sequence[Thing], str] | None = None  # by which `last` came in
        self._who = self._joined = False

    def read(self, chunk: Chunk) -> None:
        match chunk:
            case Thing():
                self._thing(chunk)
            case Act():
                self._act(chunk)
            case Link():
                self._link = chunk
            case Quality():
                for subject in self._subjects:
                    self._say(self._described(subject, chunk.lemma), ADJECTIVE_NOUN)
            case Stop.END:
                self._end()
            case Stop.WHO:
                self._who, self._link = True, None
            case Stop.AND:
                self._joined = True

    def _end(self) -> None:
        """Forget what was said: a new sentence starts."""
        self._main, self._subjects = [], []
        self._last = self._act_now = self._object = self._link = self._host_link = None
        self._who = self._joined = False

    # things

    def _thing(self, thing: Thing) -> None:
        if thing.head in self._frames and not self._link and not self._subjects:
            self._link = None
            return
        link, self._link = self._link, None
        joined, self._joined = self._joined, False
        if not (thing.negated or (link and link.negated)):
            self._describe(thing)
        if link is not None:
            self._relate(thing, link)
        elif joined and self._last is not None:
            self._join(thing)
        elif self._act_now is not None and self._object is None:
            self._take_object(thing, self._act_now)
        else:
            self._start(thing)
        self._last = thing

    def _describe(self, thing: Thing) -> None:
        for name in thing.names:
            self._say(name, NOUN)
        if thing.count:
            self._say(f"{thing.count} {thing.head}", ADJECTIVE_NOUN)
        for attribute in thing.attributes:
            self._say(self._described(thing, attribute), ADJECTIVE_NOUN)
        for verb in thing.doing:
            self._say(f"{thing.head} {verb}", NOUN_VERB)

    def _described(self, thing: Thing, attribute: str) -> str:
        words = [attribute, thing.head]
        return " ".join(words if self._language == "en" else reversed(words))

    def _start(self, thing: Thing) -> None:
        """It is what the next verb is about."""
        self._main = self._subjects = [thing]
        self._act_now = self._object = self._host_link = None

    def _take_object(self, thing: Thing, act: Act) -> None:
        self._object = thing
        self._host_link = (self._subjects, act.lemma)
        if not self._subjects:
            self._say(f"{act.lemma} {thing.head}", NOUN_VERB)
        self._tie(self._subjects, act.lemma, thing)

    def _join(self, thing: Thing) -> None:
        """After "and": one more of what came before."""
        if self._host_link is None:
            if self._act_now is None:
                self._main = self._subjects = [*self._subjects, thing]
            else:
                self._start(thing)
            return
        hosts, relation = self._host_link
        listed = relation in {*_WITH, "between", "entre"} and not self._is_agent(thing)
        if thing.head in self._worn or listed:
            self._tie(hosts, relation, thing)
        else:
            self._start(thing)

    # relations

    def _relate(self, thing: Thing, link: Link) -> None:
        relation = link.relation
        if self._act_now and self._act_now.passive and relation in _BY and self._is_agent(thing):
            for patient in self._subjects:
                self._tie([thing], self._act_now.lemma, patient)
            return
        hosts = self._hosts(thing, relation)
        if relation in _IN and thing.head in self._worn and all(map(self._is_agent, hosts)):
            relation = self._wear
        self._tie(hosts, relation, thing)
        self._host_link = (hosts, relation)
        if relation in _OF and self._last is not None and self._last.head in self._groups:
            self._stand_for(self._last, thing)

    def _hosts(self, thing: Thing, relation: str) -> Sequence[Thing]:
        """What the thing stands to: what came last, or what the sentence is about."""
        if self._last is None:
            return []
        if self._last in self._subjects and relation not in _OF:
            return self._subjects
        is_near = not self._subjects or relation in _OF or self._is_of_last(thing, relation)
        return [self._last] if is_near else self._subjects

    def _is_of_last(self, thing: Thing, relation: str) -> bool:
        """Whether a further relation hangs on the thing before it and not on the doer."""
        agent = self._last is not None and self._is_agent(self._last)
        if relation in _WITH or (relation in _IN and thing.head in self._worn):
            return agent or self._act_now is None
        if self._host_link is not None and self._host_link[1] in _WITH and relation in _HOLDING:
            return True  # with a ball in its mouth
        return agent and self._last is not self._object

    def _stand_for(self, group: Thing, members: Thing) -> None:
        """After "a group of people": what follows is said of the people."""
        self._subjects = [members if one is group else one for one in self._subjects]
        self._main = [members if one is group else one for one in self._main]
        if self._object is group:
            self._object = members
        self._host_link = None if members in self._subjects else self._host_link

    # acts

    def _act(self, act: Act) -> None:
        self._subjects = self._doers(act)
        if act.finite:
            self._main = self._subjects
        for subject in self._subjects if act.lemma not in self._stop else ():
            self._say(f"{subject.head} {act.lemma}", NOUN_VERB)
        self._act_now, self._object, self._link, self._host_link = act, None, None, None
        self._who = self._joined = False

    def _doers(self, act: Act) -> Sequence[Thing]:
        if self._last is None:
            return []
        if self._who or not self._main:
            return [self._last]
        if act.finite or self._joined or self._last in self._subjects:
            return self._main if act.finite else self._subjects
        return [self._last] if self._is_agent(self._last) else self._subjects

    # what is said

    def _is_agent(self, thing: Thing) -> bool:
        """Whether it is a person or an animal, which does things and wears clothes."""
        return thing.head in self._agents

    def _tie(self, hosts: Sequence[Thing], relation: str, thing: Thing) -> None:
        for host in hosts:
            if host is not thing:
                self._say(f"{host.head} {relation} {thing.head}", NOUN_RELATION_NOUN)

    def _say(self, text: str, kind: str) -> None:
        self.phrases.append((text, kind))
