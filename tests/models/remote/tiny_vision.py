"""A tiny LLaVA that answers mirada's own prompts about flat colours, in the format of the hub.

A model of random weights never writes JSON. So this one, of some 100,000 weights, is overfitted
for a few seconds on the very prompts that `mirada.models.remote` sends, with pictures of one
colour, until what it says depends on the picture: captions and tags name its colour, and checks
tell statements of the right colour from others. Its words are whole clauses of the prompts and
whole pieces of answers. It knows nothing else, and stands for no model that anybody would use.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from PIL import Image
from tokenizers import Regex, Tokenizer, decoders, normalizers, pre_tokenizers
from tokenizers.models import WordLevel
from transformers import (
    CLIPImageProcessor,
    CLIPVisionConfig,
    LlamaConfig,
    LlavaConfig,
    LlavaForConditionalGeneration,
    LlavaProcessor,
    PreTrainedTokenizerFast,
)

from mirada.models.remote import prompts

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

SIDE, PATCH = 32, 16  # pixels
STEPS, BATCH, RATE, WARM = 800, 24, 3e-3, 50
ENOUGH, SURE = 0.015, 8  # it has learnt enough when so many losses in a row are below this
LENGTH = 48  # tokens of a prompt with its answer, at most
SHADES = 40  # pictures of a colour to learn from
IGNORED = -100  # label of what the loss leaves out
COLOURS = {
    "red": ("roja", (220, 30, 30)),
    "green": ("verde", (30, 170, 40)),
    "blue": ("azul", (30, 60, 220)),
    "white": ("blanca", (250, 250, 250)),
}
CLAUSES = pre_tokenizers.Split(Regex(r'\s*[.:\n]\s*|"(a )?|( wall)?"'), "removed")
"""Takes "a red wall" for "red", besides."""

MARKS = ("<pad>", "<unk>", "<s>", "</s>", "<image>")
TEMPLATE = (
    "{% for message in messages %}{% for part in message['content'] %}"
    "{% if part['type'] == 'image' %}<image>{% else %}{{ part['text'] }}{% endif %}"
    "{% endfor %}{% endfor %}{% if add_generation_prompt %}: {% endif %}"
)
WHOLE_WISHES = ({"en": 5, "es": 2}, {"en": 5}, {"en": 2})
PART_WISHES = {"en": 2}


@dataclass(frozen=True)
class Lesson:
    """What is asked about pictures of some colours, and the pieces of the right answer."""

    prompt: str
    colours: Sequence[str]
    pieces: Sequence[str]


def flat(colour: str, size: tuple[int, int] = (64, 48)) -> Image.Image:
    """A picture of one of the colours."""
    return Image.new("RGB", size, COLOURS[colour][1])


def tiny_vision(folder: Path) -> Path:
    """Make it in that folder; takes seconds."""
    torch.manual_seed(0)
    rng = random.Random(0)
    processor = _processor(_vocabulary(rng))
    tokenizer = processor.tokenizer
    model = _model(tokenizer)
    _teach(model, processor, rng)
    model.generation_config.do_sample = False
    model.generation_config.eos_token_id = tokenizer.eos_token_id
    model.generation_config.pad_token_id = tokenizer.pad_token_id
    model.save_pretrained(folder)
    processor.save_pretrained(folder)
    return folder


def _lesson(rng: random.Random) -> Lesson:
    names = list(COLOURS)
    colours = [rng.choice(names)]
    match rng.choice(("captions", "phrases", "tags", "checks", "checks", "checks")):
        case "captions":
            wishes = rng.choice(WHOLE_WISHES)
            spanish = COLOURS[colours[0]][0]
            pieces = ['{"pictures": [{"en": ["a ', colours[0], ' wall", "', colours[0], ' paint"]']
            if "es" in wishes:
                pieces += [', "es": ["una pared ', spanish, '"]']
            return Lesson(prompts.ask_captions(wishes), colours, [*pieces, "}]}"])
        case "phrases":
            colours = rng.choices(names, k=rng.randint(1, 3))
            pieces = ['{"pictures": [{"en": ["a ', colours[0], ' thing"]}']
            for colour in colours[1:]:
                pieces += [', {"en": ["a ', colour, ' thing"]}']
            asked = prompts.ask_phrases(PART_WISHES, len(colours))
            return Lesson(asked, colours, [*pieces, "]}"])
        case "tags":
            pieces = ['{"tags": [{"name": "', colours[0], '", "confidence": 0.9}']
            pieces += [', {"name": "wall", "confidence": 0.6}', "]}"]
            return Lesson(prompts.ask_tags(), colours, pieces)
    said = rng.choices(names, k=rng.randint(1, 2))
    pieces = ['{"checks": [']
    for number, colour in enumerate(said, start=1):
        sure = "0.97" if colour == colours[0] else "0.04"
        comma = ", " if number > 1 else ""
        pieces += [f'{comma}{{"number": {number}, "confidence": ', sure, "}"]
    texts = [f"{rng.choice(('', 'a '))}{colour}{rng.choice(('', ' wall'))}" for colour in said]
    return Lesson(prompts.ask_checks(texts), colours, [*pieces, "]}"])


def _vocabulary(rng: random.Random) -> list[str]:
    """Marks, words of prompts, and pieces of answers."""
    lessons = [_lesson(rng) for _ in range(2000)]
    words = {
        word for one in lessons for word, _ in CLAUSES.pre_tokenize_str(f"{one.prompt}".lower())
    }
    pieces = {piece for one in lessons for piece in one.pieces}
    return [*MARKS, *sorted(words | pieces)]


def _processor(words: Sequence[str]) -> Any:
    made = Tokenizer(WordLevel({word: n for n, word in enumerate(words)}, unk_token="<unk>"))
    made.normalizer = normalizers.Lowercase()
    made.pre_tokenizer = CLAUSES
    made.decoder = decoders.Fuse()  # pieces hold their own spaces
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=made,
        pad_token="<pad>",
        unk_token="<unk>",
        bos_token="<s>",
        eos_token="</s>",
        additional_special_tokens=["<image>"],
        clean_up_tokenization_spaces=False,
    )
    images = CLIPImageProcessor(
        size={"height": SIDE, "width": SIDE}, do_center_crop=False, do_convert_rgb=True
    )
    return LlavaProcessor(
        images,
        tokenizer,
        patch_size=PATCH,
        vision_feature_select_strategy="default",
        num_additional_image_tokens=1,
        chat_template=TEMPLATE,
    )


def _model(tokenizer: Any) -> Any:
    vision = CLIPVisionConfig(
        hidden_size=32,
        intermediate_size=48,
        num_hidden_layers=1,
        num_attention_heads=2,
        image_size=SIDE,
        patch_size=PATCH,
        initializer_factor=4.0,  # so that colours soon tell
    )
    text = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=64,
        intermediate_size=128,
        num_hidden_layers=2,
        num_attention_heads=4,
        max_position_embeddings=2048,
        initializer_range=0.15,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )
    config = LlavaConfig(
        vision_config=vision,
        text_config=text,
        image_token_index=tokenizer.convert_tokens_to_ids("<image>"),
        vision_feature_layer=-1,
    )
    return LlavaForConditionalGeneration(config)


def _teach(model: Any, processor: Any, rng: random.Random) -> None:
    shades = {
        colour: processor.image_processor([_shade(colour, rng) for _ in range(SHADES)])[
            "pixel_values"
        ]
        for colour in COLOURS
    }
    optimizer = torch.optim.AdamW(model.parameters(), lr=RATE, weight_decay=0.0)
    warm = torch.optim.lr_scheduler.LinearLR(optimizer, 0.1, total_iters=WARM)
    losses: list[float] = []
    model.train()
    while len(losses) < STEPS and not (losses and max(losses[-SURE:]) < ENOUGH):
        lessons = [_lesson(rng) for _ in range(BATCH)]
        pixels = [rng.choice(shades[colour]) for one in lessons for colour in one.colours]
        loss = model(**_batch(lessons, processor), pixel_values=torch.tensor(np.stack(pixels))).loss
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        warm.step()
        losses.append(float(loss.detach()))
    model.eval()


def _batch(lessons: Sequence[Lesson], processor: Any) -> dict[str, Any]:
    """Prompts as the server makes them of messages, padded on the right, with their answers."""
    tokenizer = processor.tokenizer
    ids, labels, seen = [], [], []
    for one in lessons:
        prompt = _prompt_ids(one, processor)
        answer = [*tokenizer.convert_tokens_to_ids(one.pieces), tokenizer.eos_token_id]
        rest = LENGTH - len(prompt) - len(answer)
        ids.append([*prompt, *answer, *[tokenizer.pad_token_id] * rest])
        labels.append([*[IGNORED] * len(prompt), *answer, *[IGNORED] * rest])
        seen.append([1] * (LENGTH - rest) + [0] * rest)
    given = {"input_ids": ids, "labels": labels, "attention_mask": seen}
    return {name: torch.tensor(rows) for name, rows in given.items()}


_PROMPTS: dict[tuple[str, int], list[int]] = {}


def _prompt_ids(lesson: Lesson, processor: Any) -> list[int]:
    key = lesson.prompt, len(lesson.colours)
    if key not in _PROMPTS:
        content = [{"type": "image", "image": flat(colour)} for colour in lesson.colours]
        told = [{"role": "user", "content": [*content, {"type": "text", "text": lesson.prompt}]}]
        made = processor.apply_chat_template(
            told, add_generation_prompt=True, tokenize=True, return_dict=True
        )
        _PROMPTS[key] = [int(one) for one in made["input_ids"][0]]
    return _PROMPTS[key]


def _shade(colour: str, rng: random.Random) -> Image.Image:
    """A flat picture near that colour, sometimes with noise on it."""
    base = np.array(COLOURS[colour][1]) + [rng.randint(-25, 25) for _ in range(3)]
    noise = np.random.default_rng(rng.getrandbits(32)).normal(
        0, rng.choice((0, 60)), (SIDE, SIDE, 3)
    )
    return Image.fromarray(np.clip(base + noise, 0, 255).astype(np.uint8))
