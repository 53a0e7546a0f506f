#!/usr/bin/env python3
"""Writes small random models as Hugging Face folders, each with what the reference computes from it.

usage: make_zoo.py OUTPUT [--seed N]
Each case: config.json, model.safetensors, vocab.txt and expected.safetensors (and adapter/, as peft saves it). In
expected.safetensors: logits and lm_logits of all texts in one padded batch, hidden and attention of each layer, gradients
of the whole set's mean loss, and losses and weights of 20 steps as the Hugging Face Trainer does them (AdamW with two
decay groups, warm-up and linear decay, clipping, accumulation as a mean over rows, its order of rows).
needs: transformers 5.23, peft 0.21.2, torch
"""
import argparse
import json
import pathlib
import warnings

import torch
from peft import LoraConfig, TaskType, get_peft_model
from safetensors.torch import save_file
from torch.nn import functional as F
from transformers import (BertConfig, BertForMaskedLM, BertForSequenceClassification, BigBirdConfig, BigBirdForMaskedLM,
                          BigBirdForSequenceClassification, DistilBertConfig, DistilBertForMaskedLM,
                          DistilBertForSequenceClassification, EsmConfig, EsmForMaskedLM, EsmForSequenceClassification)
from transformers.models.esm import modeling_esm

warnings.filterwarnings("ignore")
ROWS, STEPS, BATCH, ACCUMULATE, SEED = 13, 20, 3, 2, 7
RATE, DECAY, CLIP, WARMUP = 2e-3, 0.05, 0.5, 3


class GatedIntermediate(torch.nn.Module):
    """Nucleotide Transformer v2: silu of the first half times the second, without bias."""

    def __init__(self, config):
        super().__init__()
        self.dense = torch.nn.Linear(config.hidden_size, 2 * config.intermediate_size, bias=False)

    def forward(self, x):
        gate, value = self.dense(x).chunk(2, dim=-1)
        return F.silu(gate) * value


class PlainOutput(torch.nn.Module):
    def __init__(self, config):
        super().__init__()
        self.dense = torch.nn.Linear(config.intermediate_size, config.hidden_size, bias=False)

    def forward(self, x, residual):
        return self.dense(x) + residual


class Gena(torch.nn.Module):
    """GENA-LM from its authors' description: LayerNorm before attention and feed-forward, embeddings as BERT's."""

    def __init__(self, config, kind):
        super().__init__()
        self.config, self.kind = config, kind
        model = (BertForSequenceClassification if kind == "classify" else BertForMaskedLM)(config)
        self.bert = model.bert
        width = config.hidden_size
        for layer in self.bert.encoder.layer:
            layer.pre_attention_ln = torch.nn.LayerNorm(width, eps=config.layer_norm_eps)
            layer.post_attention_ln = torch.nn.LayerNorm(width, eps=config.layer_norm_eps)
            del layer.attention.output.LayerNorm, layer.output.LayerNorm
        if config.last_layer_norm:
            self.bert.encoder.last_layer_ln = torch.nn.LayerNorm(width, eps=config.layer_norm_eps)
        if kind == "classify":
            self.classifier = model.classifier
        else:
            self.cls = model.cls

    def forward(self, input_ids, attention_mask, output_hidden_states=False, output_attentions=False):
        heads = self.config.num_attention_heads
        x = self.bert.embeddings(input_ids=input_ids)
        hidden, attentions = [x], []
        for layer in self.bert.encoder.layer:
            own, y = layer.attention.self, layer.pre_attention_ln(x)
            q, k, v = (m(y).unflatten(-1, (heads, -1)).transpose(1, 2) for m in (own.query, own.key, own.value))
            scores = q @ k.transpose(-1, -2) / q.shape[-1] ** 0.5
            weights = scores.masked_fill(attention_mask[:, None, None] == 0, torch.finfo(torch.float32).min).softmax(-1)
            attentions.append(weights)
            x = x + layer.attention.output.dense((weights @ v).transpose(1, 2).flatten(2))
            x = x + layer.output.dense(F.gelu(layer.intermediate.dense(layer.post_attention_ln(x))))
            hidden.append(x)
        if self.config.last_layer_norm:
            x = hidden[-1] = self.bert.encoder.last_layer_ln(x)
        logits = self.classifier(self.bert.pooler(x)) if self.kind == "classify" else self.cls(x)
        return type("Output", (), dict(logits=logits, hidden_states=hidden, attentions=attentions))


def bert(width, layers, heads, inner, **more):
    return dict(hidden_size=width, num_hidden_layers=layers, num_attention_heads=heads, intermediate_size=inner,
                hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0, **more)


def esm(width, layers, heads, inner, **more):
    return bert(width, layers, heads, inner, pad_token_id=1, mask_token_id=2, **more)


def nt2(*sizes, **more):
    return esm(*sizes, position_embedding_type="rotary", token_dropout=False, tie_word_embeddings=False,
               add_bias_fnn=False, max_position_embeddings=40, **more)


WORDS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"] + [f"w{i}" for i in range(24)]
GENA_WORDS = ["[UNK]", "[CLS]", "[SEP]", "[PAD]", "[MASK]"] + [f"w{i}" for i in range(24)]
PROTEIN = ["<cls>", "<pad>", "<eos>", "<unk>", *"LAGVSERTIDPKQNFYMHWCXBUZO.-", "<null_1>", "<mask>"]
MERS = [a + b for a in "ATCG" for b in "ATCG"]
NT1 = ["<unk>", "<pad>", "<mask>", "<cls>"] + [f"{m}{n}AA" for m in MERS for n in MERS[:7]] + [*"ATCGN"]
NT2 = ["<unk>", "<pad>", "<mask>", "<cls>", "<eos>", "<bos>"] + [f"{m}{n}CC" for m in MERS for n in MERS[:7]] + [*"ATCGN"]

# name: (family, configuration, tokens of the longest text with specials, labels)
CASES = {
    "bert_a": ("bert", bert(12, 2, 3, 20, max_position_embeddings=17), 17, 1),
    "bert_b": ("bert", bert(14, 1, 2, 9, max_position_embeddings=30, layer_norm_eps=1e-5, type_vocab_size=3), 11, 2),
    "bert_c": ("bert", bert(20, 3, 5, 24, max_position_embeddings=9, hidden_act="gelu_new"), 9, 2),
    "distilbert_a": ("distilbert", dict(dim=12, n_layers=2, n_heads=3, hidden_dim=20, max_position_embeddings=17), 17, 1),
    "distilbert_b": ("distilbert", dict(dim=14, n_layers=1, n_heads=2, hidden_dim=9, max_position_embeddings=30), 11, 2),
    "distilbert_c": ("distilbert", dict(dim=20, n_layers=3, n_heads=5, hidden_dim=24, max_position_embeddings=9), 9, 1),
    "gena_lm_a": ("gena_lm", bert(12, 2, 3, 20, max_position_embeddings=17, last_layer_norm=False), 17, 2),
    "gena_lm_b": ("gena_lm", bert(14, 1, 2, 9, max_position_embeddings=30, last_layer_norm=True), 11, 1),
    "gena_lm_c": ("gena_lm", bert(20, 3, 5, 24, max_position_embeddings=9, last_layer_norm=True, layer_norm_eps=1e-5), 9, 2),
    "bigbird_a": ("bigbird", bert(12, 2, 3, 20, max_position_embeddings=17), 17, 2),
    "bigbird_b": ("bigbird", bert(14, 1, 2, 9, max_position_embeddings=64, block_size=4, rescale_embeddings=True), 11, 1),
    "bigbird_sparse": ("bigbird", bert(12, 2, 3, 20, max_position_embeddings=64, block_size=4), 62, 2),
    "esm2_a": ("esm2", esm(12, 2, 3, 20, position_embedding_type="rotary", token_dropout=True, layer_norm_eps=1e-5,
                           max_position_embeddings=40), 17, 1),
    "esm2_b": ("esm2", esm(20, 1, 2, 9, position_embedding_type="rotary", token_dropout=True, layer_norm_eps=1e-5,
                           max_position_embeddings=40), 11, 2),
    "esm2_c": ("esm2", esm(16, 3, 4, 24, position_embedding_type="absolute", token_dropout=True, emb_layer_norm_before=True,
                           max_position_embeddings=11), 9, 2),
    "nucleotide_transformer_v1_a": ("nt1", esm(12, 2, 3, 20, max_position_embeddings=19, token_dropout=True,
                                               tie_word_embeddings=False), 17, 2),
    "nucleotide_transformer_v1_b": ("nt1", esm(14, 1, 2, 9, max_position_embeddings=30, token_dropout=True,
                                               tie_word_embeddings=False), 11, 1),
    "nucleotide_transformer_v1_c": ("nt1", esm(20, 3, 5, 24, max_position_embeddings=11, token_dropout=False), 9, 2),
    "nucleotide_transformer_v2_a": ("nt2", nt2(12, 2, 3, 20), 17, 2),
    "nucleotide_transformer_v2_b": ("nt2", nt2(20, 1, 2, 9), 11, 1),
    "nucleotide_transformer_v2_c": ("nt2", nt2(16, 3, 4, 24), 9, 2),
    "lora_bert": ("bert", bert(12, 2, 3, 20, max_position_embeddings=17), 17, 2),
    "lora_distilbert": ("distilbert", dict(dim=12, n_layers=2, n_heads=3, hidden_dim=20, max_position_embeddings=17), 17, 1),
    "lora_nucleotide_transformer_v2": ("nt2", nt2(12, 2, 3, 20), 17, 2),
    "lora_gena_lm": ("gena_lm", bert(12, 2, 3, 20, max_position_embeddings=17, last_layer_norm=True), 17, 2),
    "lora_esm2": ("esm2", esm(12, 2, 3, 20, position_embedding_type="rotary", token_dropout=True, layer_norm_eps=1e-5,
                              max_position_embeddings=40), 17, 1),
    "lora_bigbird": ("bigbird", bert(12, 2, 3, 20, max_position_embeddings=17), 17, 2),
}
LORA = {
    "lora_bert": dict(r=4, lora_alpha=8, target_modules=["query", "value"]),
    "lora_distilbert": dict(r=3, lora_alpha=6, target_modules=["q_lin", "v_lin", "lin1"], use_rslora=True),
    "lora_nucleotide_transformer_v2": dict(r=1, lora_alpha=32, target_modules=["query", "value"], modules_to_save=["intermediate"]),
    "lora_gena_lm": dict(r=2, lora_alpha=4, target_modules="all-linear"),
    "lora_esm2": dict(r=3, lora_alpha=6, target_modules="all-linear", use_rslora=True),
    "lora_bigbird": dict(r=2, lora_alpha=4, target_modules=["query", "dense"], modules_to_save=["intermediate"]),
}


def vocabulary(family):
    return {"gena_lm": GENA_WORDS, "bigbird": GENA_WORDS, "esm2": PROTEIN, "nt1": NT1, "nt2": NT2}.get(family, WORDS)


def texts_of(family, longest, draw):
    """Texts of known token counts: an empty one, one that fills the model, masks in some."""
    vocab = vocabulary(family)
    specials = {"esm2": 2, "nt1": 1, "nt2": 1}.get(family, 2)
    words = [w for w in vocab if w[0] not in "[<"]
    if family == "esm2":
        words = [*"LAGVSERTIDPKQNFYMHWC"]
    elif family in ("nt1", "nt2"):
        words = [w for w in words if len(w) == 6]
    mask = "[MASK]" if "[MASK]" in vocab else "<mask>"
    texts = []
    for row in range(ROWS):
        lowest = 45 if longest > 44 else specials
        count = {0: lowest, 1: longest}.get(row, int(torch.randint(lowest, longest + 1, (1,), generator=draw))) - specials
        picked = [words[int(torch.randint(len(words), (1,), generator=draw))] for _ in range(count)]
        if row % 4 == 1 and count > 3:
            picked[2] = mask
        texts.append(("" if family == "esm2" else " ").join(picked))
    return texts


def encode(family, texts, tokens):
    """Rows of ids; words and masks are looked up, so that no tokenizer is trusted here."""
    index = {token: i for i, token in enumerate(tokens)}
    rows = []
    for text in texts:
        if family == "esm2":
            ids = [index["<mask>"] if p is None else index[p] for part in [text.split("<mask>")]
                   for i, piece in enumerate(part) for p in ([None] if i else []) + list(piece)]
            rows.append([index["<cls>"], *ids, index["<eos>"]])
        else:
            ids = [index[word] for word in text.split()]
            rows.append([index["<cls>"], *ids] if family in ("nt1", "nt2") else [index["[CLS]"], *ids, index["[SEP]"]])
    return rows


def padded(rows, pad):
    length = max(map(len, rows))
    ids = torch.tensor([row + [pad] * (length - len(row)) for row in rows])
    return ids, torch.tensor([[1] * len(row) + [0] * (length - len(row)) for row in rows])


def build(family, sizes, vocab, labels, initializer_range=0.25):
    """(classifier, language model, pad id, config.json)"""
    common = dict(vocab_size=len(vocab), num_labels=labels, initializer_range=initializer_range)
    if family == "bert":
        config = BertConfig(**sizes, **common)
        pair = BertForSequenceClassification, BertForMaskedLM
    elif family == "distilbert":
        config = DistilBertConfig(**sizes, **common, dropout=0.0, attention_dropout=0.0, seq_classif_dropout=0.0)
        pair = DistilBertForSequenceClassification, DistilBertForMaskedLM
    elif family == "gena_lm":
        config = BertConfig(**sizes, **common, pad_token_id=3, pre_layer_norm=True)
        pair = (lambda c: Gena(c, "classify")), (lambda c: Gena(c, "words"))
    elif family == "bigbird":
        config = BigBirdConfig(**sizes, **common, pad_token_id=3, num_random_blocks=3,
                               attention_type="block_sparse" if sizes["max_position_embeddings"] > 40 else "original_full")
        pair = BigBirdForSequenceClassification, BigBirdForMaskedLM
    else:
        config = EsmConfig(**{**sizes, **common})
        if family == "esm2":
            config.mask_token_id = vocab.index("<mask>")
        pair = EsmForSequenceClassification, EsmForMaskedLM
    config._attn_implementation = "eager"
    plain = modeling_esm.EsmIntermediate, modeling_esm.EsmOutput
    if family == "nt2":
        modeling_esm.EsmIntermediate, modeling_esm.EsmOutput = GatedIntermediate, PlainOutput
    classifier, words = pair[0](config), pair[1](config)
    modeling_esm.EsmIntermediate, modeling_esm.EsmOutput = plain
    return classifier, words, config.pad_token_id, config


def scatter_norms(model, draw):
    """LayerNorms and biases away from 1 and 0, so that none can be forgotten unseen; everything f32."""
    with torch.no_grad():
        for name, value in model.named_parameters():
            if value.dim() == 1:
                value.add_(torch.randn(value.shape, generator=draw) * 0.2)


def loss_sum(logits, labels):
    if logits.shape[1] == 1:
        return ((logits[:, 0] - labels) ** 2).sum()
    return F.cross_entropy(logits, labels.long(), reduction="sum")


def lm_sum(logits, rows, specials):
    """Cross entropy of every token that is not special, at its own place, and how many there are."""
    total, count = 0, 0
    for i, row in enumerate(rows):
        for j, token in enumerate(row):
            if token not in specials:
                total, count = total + F.cross_entropy(logits[i, j], torch.tensor(token)), count + 1
    return total, count


def logits_of(model, rows, pad, alone):
    """`alone`: each text without padding, since block-sparse attention depends on the padded length."""
    parts = [[row] for row in rows] if alone else [rows]
    return torch.cat([model(input_ids=ids, attention_mask=keep).logits for ids, keep in (padded(part, pad) for part in parts)])


def outputs_alone(model, rows, pad):
    """Logits and hidden states of each text for itself, put together padded with zeros."""
    length = max(map(len, rows))
    outputs = [model(input_ids=ids, attention_mask=keep, output_hidden_states=True)
               for ids, keep in (padded([row], pad) for row in rows)]
    hidden = [torch.cat([F.pad(o.hidden_states[i][:, :len(row)], (0, 0, 0, length - len(row))) for o, row in zip(outputs, rows)])
              for i in range(len(outputs[0].hidden_states))]
    return type("Output", (), dict(logits=torch.cat([o.logits for o in outputs]), hidden_states=hidden, attentions=()))


def train(model, rows, labels, pad, alone):
    named = [(n, p) for n, p in model.named_parameters() if p.requires_grad]
    kept = [p for n, p in named if not ("bias" in n or "norm" in n.lower() or "_ln." in n)]
    rest = [p for n, p in named if "bias" in n or "norm" in n.lower() or "_ln." in n]
    optimizer = torch.optim.AdamW([dict(params=kept, weight_decay=DECAY), dict(params=rest, weight_decay=0.0)], lr=RATE)
    losses, step, epoch = [], 0, 0
    while step < STEPS:
        order = torch.randperm(ROWS, generator=torch.Generator().manual_seed(SEED + epoch)).tolist()
        for begin in range(0, ROWS, BATCH * ACCUMULATE):
            if step == STEPS:
                break
            group = order[begin:begin + BATCH * ACCUMULATE]
            factor = step / WARMUP if step < WARMUP else max(0.0, (STEPS - step) / (STEPS - WARMUP))
            for entry in optimizer.param_groups:
                entry["lr"] = RATE * factor
            optimizer.zero_grad()
            total = 0.0
            for micro in range(0, len(group), BATCH):
                picked = group[micro:micro + BATCH]
                loss = loss_sum(logits_of(model, [rows[i] for i in picked], pad, alone), labels[picked]) / len(group)
                loss.backward()
                total += loss.item()
            torch.nn.utils.clip_grad_norm_([p for _, p in named], CLIP)
            optimizer.step()
            losses.append(total)
            step += 1
        epoch += 1
    return losses


def our_name(name):
    """Of a tensor in a peft model: what the adapter's file calls it, without its prefix."""
    for old, new in (("base_model.model.", ""), (".default", ""), (".modules_to_save", "")):
        name = name.replace(old, new)
    return name


def write_folder(folder, family, state, config, vocab, longest):
    """`longest`: model_max_length, 0 for none."""
    folder.mkdir(parents=True)
    save_file({k: v.clone().contiguous() for k, v in state.items() if "position_ids" not in k and "token_type_ids" not in k},
              folder / "model.safetensors", metadata={"format": "pt"})
    written = config.to_dict()
    if family == "nt2":
        written.pop("model_type")
        written["auto_map"] = {"AutoConfig": "esm_config.EsmConfig"}
    written.pop("transformers_version", None)
    (folder / "config.json").write_text(json.dumps(written, indent=1, sort_keys=True, default=str) + "\n")
    (folder / "vocab.txt").write_text("\n".join(vocab) + "\n")
    esm_like = family in ("esm2", "nt1", "nt2")
    tokenizer = {"tokenizer_class": "EsmTokenizer" if esm_like else "BertTokenizer"}
    if longest:
        tokenizer["model_max_length"] = longest
    if family in ("nt1", "nt2"):
        tokenizer["eos_token"] = None
    (folder / "tokenizer_config.json").write_text(json.dumps(tokenizer) + "\n")


def make(name, folder, seed):
    family, sizes, longest, labels_count = CASES[name]
    torch.manual_seed(seed)
    draw = torch.Generator().manual_seed(seed + 1)
    vocab = vocabulary(family)
    model, words, pad, config = build(family, sizes, vocab, labels_count)
    scatter_norms(model, draw)
    scatter_norms(words, draw)
    shared = {k: v for k, v in model.state_dict().items() if k in words.state_dict()}
    words.load_state_dict(shared, strict=False)
    model.eval()
    words.eval()
    texts = texts_of(family, longest, draw)
    rows = encode(family, texts, vocab)
    labels = torch.randn(ROWS, generator=draw) if labels_count == 1 else (torch.arange(ROWS) * 7 % 3 == 0).float()
    ids, keep = padded(rows, pad)
    sparse = name == "bigbird_sparse"

    state = {**words.state_dict(), **model.state_dict()}
    if config.tie_word_embeddings:
        state = {k: v for k, v in state.items() if k not in ("cls.predictions.decoder.weight", "vocab_projector.weight", "lm_head.decoder.weight")}
    state.pop("cls.predictions.decoder.bias", None)
    write_folder(folder, family, state, config, vocab, longest)

    expected = {"labels": labels.clone(), "ids": ids, "lengths": keep.sum(1)}
    if name in LORA:
        peft_config = LoraConfig(task_type=TaskType.SEQ_CLS, init_lora_weights=False, **LORA[name])
        if family == "gena_lm":
            peft_config.task_type = None
            peft_config.modules_to_save = ["classifier", "score"]
        model = get_peft_model(model, peft_config)
        with torch.no_grad():
            for n, p in model.named_parameters():
                if "lora_" in n:
                    p.copy_(torch.randn(p.shape, generator=draw) * 0.1)
        model.save_pretrained(folder / "adapter")
        for extra in (folder / "adapter").glob("README*"):
            extra.unlink()
    with torch.no_grad():
        output = outputs_alone(model, rows, pad) if sparse else model(
            input_ids=ids, attention_mask=keep, output_hidden_states=True, output_attentions=True)
        expected["logits"] = output.logits
        for i, hidden in enumerate(output.hidden_states):
            expected[f"hidden.{i}"] = hidden[:, :ids.shape[1]] * keep[..., None]
        if output.attentions:  # none where BigBird has switched itself to full attention
            expected["attention"] = output.attentions[-1]
        if name not in LORA and not sparse:
            expected["lm_logits"] = words(input_ids=ids, attention_mask=keep).logits * keep[..., None]
    if sparse:
        model.train()
    loss_sum(logits_of(model, rows, pad, sparse), labels).div(ROWS).backward()
    for n, p in model.named_parameters():
        if p.grad is not None:
            expected["gradient/" + our_name(n)] = p.grad
    model.zero_grad()
    if name not in LORA and not sparse:
        specials = {vocab.index(t) for t in vocab if t in ("[CLS]", "[SEP]", "[PAD]", "[UNK]", "[MASK]", "<cls>", "<eos>", "<pad>", "<unk>", "<mask>")}
        total, count = lm_sum(words(input_ids=ids, attention_mask=keep).logits, rows, specials)
        expected["lm_loss"] = (total / count).detach()
        (total / count).backward()
        for n, p in words.named_parameters():
            if p.grad is not None:
                expected["lm_gradient/" + n] = p.grad
    expected["losses"] = torch.tensor(train(model, rows, labels, pad, sparse))
    for n, p in model.named_parameters():
        if p.requires_grad and p.grad is not None:
            expected["after/" + our_name(n)] = p.detach()
    save_file({k: v.detach().float().contiguous().clone() for k, v in expected.items()}, folder / "expected.safetensors",
              metadata={"texts": json.dumps(texts), "labels": str(labels_count)})


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("output", type=pathlib.Path)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    for number, name in enumerate(CASES):
        make(name, arguments.output / name, 1000 * arguments.seed + number)


if __name__ == "__main__":
    main()
