#!/usr/bin/env python3
"""monkey_gguf.py OUT.gguf CONTEXT TEMPLATE.jinja

Writes a language model that knows nothing, for llama-server: some 100 KB, one layer of zeroes, so that what comes next
depends on the newest token alone. Its output weights are chosen by hand: it likes to begin a tool call and to end its
turn, and writes letters and spaces otherwise. Given tools, the server's grammar makes that a call which fits their
schemas, with arguments by chance. Standard library only.
"""
import random
import struct
import sys

WIDTH, HEADS, HIDDEN = 32, 2, 32
U32, F32, BOOL, STRING, ARRAY, I32 = 4, 6, 7, 8, 9, 5
NORMAL, CONTROL, USER_DEFINED = 1, 3, 4
ALIGN = 32


def byte_letters():
    """The printable stand-in of every byte that byte-level BPE vocabularies use: GPT-2's table."""
    plain = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    letters, spare = {}, 0x100
    for byte in range(256):
        letters[byte] = chr(byte if byte in plain else spare)
        spare += byte not in plain
    return [letters[byte] for byte in range(256)]


# A merge needs a token of its own; a SentencePiece vocabulary instead would put a blank before everything, and the grammar sampler rejects that.
VOCAB = [(t, NORMAL) for t in byte_letters() + ["he"]] + [
    ("<|endoftext|>", CONTROL), ("<|im_start|>", CONTROL), ("<|im_end|>", CONTROL),
    ("<tool_call>", USER_DEFINED), ("</tool_call>", USER_DEFINED)]
ID = {token: i for i, (token, _) in enumerate(VOCAB)}
NEWLINE, SPACE = byte_letters()[ord("\n")], byte_letters()[ord(" ")]


def text(s):
    raw = s.encode()
    return struct.pack("<Q", len(raw)) + raw


def member(key, kind, value):
    packed = {
        U32: lambda: struct.pack("<I", value), F32: lambda: struct.pack("<f", value),
        BOOL: lambda: struct.pack("<?", value), STRING: lambda: text(value),
        ARRAY: lambda: struct.pack("<IQ", value[0], len(value[1])) +
        b"".join(text(v) if value[0] == STRING else struct.pack("<i", v) for v in value[1]),
    }[kind]()
    return text(key) + struct.pack("<I", kind) + packed


def metadata(context, template):
    sizes = {"context_length": context, "embedding_length": WIDTH, "block_count": 1, "feed_forward_length": HIDDEN,
             "vocab_size": len(VOCAB), "attention.head_count": HEADS, "attention.head_count_kv": HEADS,
             "rope.dimension_count": WIDTH // HEADS}
    return [member("general.architecture", STRING, "llama"), member("general.name", STRING, "monkey")] + [
        member("llama." + k, U32, v) for k, v in sizes.items()] + [
        member("llama.attention.layer_norm_rms_epsilon", F32, 1e-5),
        member("tokenizer.ggml.model", STRING, "gpt2"),
        member("tokenizer.ggml.pre", STRING, "gpt-2"),
        member("tokenizer.ggml.tokens", ARRAY, (STRING, [t for t, _ in VOCAB])),
        member("tokenizer.ggml.token_type", ARRAY, (I32, [k for _, k in VOCAB])),
        member("tokenizer.ggml.merges", ARRAY, (STRING, ["h e"])),
        member("tokenizer.ggml.bos_token_id", U32, ID["<|endoftext|>"]),
        member("tokenizer.ggml.eos_token_id", U32, ID["<|im_end|>"]),
        member("tokenizer.ggml.add_bos_token", BOOL, False),
        member("tokenizer.chat_template", STRING, template)]


def liking(token):
    """The logit of a token, give or take chance. The server drops what is 3 below the best."""
    special = {"<tool_call>": 2, "<|im_end|>": 4.3, '"': 6.5, "</tool_call>": -3, "<|im_start|>": -3, "<|endoftext|>": -3}
    if token in special:
        return special[token]
    byte = ID[token]
    if token == SPACE:
        return 5
    if ord("a") <= byte <= ord("z"):
        return 4.5
    return -2 if byte < 32 or 128 <= byte < 256 else 1


# What a token changes for the one behind it: it may begin or end a turn's calls, and strings are not empty.
HABITS = [
    (("<tool_call>",), {NEWLINE: 10}),                              # as the template has it
    ((NEWLINE, SPACE), {"<tool_call>": 1.15}),                      # the first word of a turn, and any other word
    ((">", "</tool_call>"), {"<|im_end|>": 1.0, "<tool_call>": 1.3}),
    (("}",), {"</tool_call>": 3}),
    (('"',), {'"': -0.5}),
]


def tensors():
    """(name, shape, values), the fastest dimension first."""
    chance = random.Random(20260301)
    scale = WIDTH ** 0.5  # RMS normalization turns (1, 0, ..., 0) into (sqrt(WIDTH), 0, ...)
    embedding, output = [], []
    for token, _ in VOCAB:
        # dimension 0 is always on, those of the habits when the newest token has one, the others are chance
        rest = WIDTH - 1 - len(HABITS)
        embedding += [1.0] + [float(token in before) for before, _ in HABITS] + [chance.gauss(0, 0.01) for _ in range(rest)]
        output += [liking(token) / scale] + [liked.get(token, 0.0) for _, liked in HABITS]
        output += [chance.gauss(0, 1) for _ in range(rest)]
    yield "token_embd.weight", (WIDTH, len(VOCAB)), embedding
    yield "output.weight", (WIDTH, len(VOCAB)), output
    for name in ("output_norm", "blk.0.attn_norm", "blk.0.ffn_norm"):
        yield name + ".weight", (WIDTH,), [1.0] * WIDTH
    for name in ("attn_q", "attn_k", "attn_v", "attn_output"):
        yield f"blk.0.{name}.weight", (WIDTH, WIDTH), [0.0] * WIDTH * WIDTH
    for name, shape in (("ffn_gate", (WIDTH, HIDDEN)), ("ffn_up", (WIDTH, HIDDEN)), ("ffn_down", (HIDDEN, WIDTH))):
        yield f"blk.0.{name}.weight", shape, [0.0] * WIDTH * HIDDEN


def padded(raw):
    return raw + bytes(-len(raw) % ALIGN)


def main():
    path, context, template = sys.argv[1], int(sys.argv[2]), open(sys.argv[3], encoding="utf-8").read()
    members, infos, data = metadata(context, template), [], b""
    for name, shape, values in tensors():
        infos.append(text(name) + struct.pack(f"<I{len(shape)}QIQ", len(shape), *shape, 0, len(data)))
        data += padded(struct.pack(f"<{len(values)}f", *values))
    head = b"GGUF" + struct.pack("<IQQ", 3, len(infos), len(members)) + b"".join(members) + b"".join(infos)
    with open(path, "wb") as out:
        out.write(padded(head) + data)


if __name__ == "__main__":
    main()
