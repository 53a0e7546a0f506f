"""A BERT of one layer that the real program opens, without any library."""
import array
import json

WORDS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "good", "bad"] + [f"w{i}" for i in range(3000)]


def safetensors(tensors):
    """name: (shape, values) as the bytes of a file."""
    header, body = {}, b""
    for name, (shape, values) in tensors.items():
        data = array.array("f", values).tobytes()
        header[name] = {"dtype": "F32", "shape": shape, "data_offsets": [len(body), len(body) + len(data)]}
        body += data
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    return len(text).to_bytes(8, "little") + text + body


def tiny_tensors(width=4, hidden=8):
    shapes = {"embeddings.word_embeddings.weight": [len(WORDS), width], "embeddings.position_embeddings.weight": [16, width],
              "embeddings.token_type_embeddings.weight": [2, width]}
    layer = "encoder.layer.0."
    for name, out, into in [("attention.self.query", width, width), ("attention.self.key", width, width), ("attention.self.value", width, width),
                            ("attention.output.dense", width, width), ("intermediate.dense", hidden, width), ("output.dense", width, hidden)]:
        shapes[layer + name + ".weight"], shapes[layer + name + ".bias"] = [out, into], [out]
    for name in ("embeddings.LayerNorm", layer + "attention.output.LayerNorm", layer + "output.LayerNorm"):
        shapes[name + ".weight"], shapes[name + ".bias"] = [width], [width]
    shapes["pooler.dense.weight"], shapes["pooler.dense.bias"] = [width, width], [width]
    tensors = {}
    for place, (name, shape) in enumerate(shapes.items()):
        count = shape[0] * (shape[1] if len(shape) > 1 else 1)
        tensors["bert." + name] = shape, [((i * 37 + place * 11) % 101 - 50) / 100 for i in range(count)]
    return tensors


CONFIG = json.dumps({"model_type": "bert", "architectures": ["BertModel"], "vocab_size": len(WORDS), "hidden_size": 4, "num_hidden_layers": 1,
                     "num_attention_heads": 2, "intermediate_size": 8, "max_position_embeddings": 16}).encode()
VOCABULARY = "\n".join(WORDS).encode()
TOKENIZER = b'{"tokenizer_class": "BertTokenizer", "do_lower_case": true}'
