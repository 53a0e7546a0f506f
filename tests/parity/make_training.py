"""Writes training.json: what torch and the Trainer of Hugging Face do, for tests/unit/train.

usage: python make_training.py        (torch, transformers, accelerate)
"""
import json
import logging
import math
import pathlib
import tempfile

import torch
import transformers

ROWS, FEATURES, HIDDEN = 22, 3, 4


def wave(count, phase):
    return [math.sin(1.7 * i + phase) for i in range(count)]


def tensor(values, shape, dtype=torch.float32):
    return torch.tensor(values, dtype=dtype).reshape(shape)


class Net(torch.nn.Module):
    """Two layers; the loss is the mean squared error, as a sequence regression of Transformers."""

    def __init__(self, dtype=torch.float32, hidden=HIDDEN):
        super().__init__()
        self.hidden = torch.nn.Linear(FEATURES, hidden, dtype=dtype)
        self.out = torch.nn.Linear(hidden, 1, dtype=dtype)
        with torch.no_grad():
            for phase, parameter in enumerate(self.parameters()):
                parameter.copy_(tensor(wave(parameter.numel(), phase), parameter.shape, dtype))

    def forward(self, x, labels=None):
        logits = self.out(torch.tanh(self.hidden(x)))
        return {"loss": torch.nn.functional.mse_loss(logits.squeeze(-1), labels), "logits": logits}


def values_of(model):
    return {name: value.detach().flatten().tolist() for name, value in model.named_parameters()}


INPUTS, TARGETS = wave(ROWS * FEATURES, 0.2), wave(ROWS, 2.5)


def trainer_run(accumulate):
    """A whole run of the Trainer: its order of rows, short last batch, warm-up, decay groups, clipping."""
    x, y = tensor(INPUTS, (ROWS, FEATURES)), tensor(TARGETS, (ROWS,))
    data = [{"x": x[i], "labels": y[i]} for i in range(ROWS)]
    case = {"batch": 4, "epochs": 2, "learning_rate": 0.05, "warmup": 3, "weight_decay": 0.1, "clip_norm": 0.3,
            "seed": 42, "accumulate": accumulate}
    model = Net()
    with tempfile.TemporaryDirectory() as folder:
        arguments = transformers.TrainingArguments(
            output_dir=folder, per_device_train_batch_size=case["batch"], num_train_epochs=case["epochs"],
            learning_rate=case["learning_rate"], warmup_steps=case["warmup"], weight_decay=case["weight_decay"],
            max_grad_norm=case["clip_norm"], seed=case["seed"], logging_steps=1, save_strategy="no", use_cpu=True,
            report_to="none", optim="adamw_torch", disable_tqdm=True, lr_scheduler_type="linear",
            gradient_accumulation_steps=accumulate)
        trainer = transformers.Trainer(model=model, args=arguments, train_dataset=data)
        trainer.train()
        steps = [entry for entry in trainer.state.log_history if "grad_norm" in entry]
    return {**case, "losses": [s["loss"] for s in steps], "norms": [s["grad_norm"] for s in steps],
            "rates": [s["learning_rate"] for s in steps], "final": values_of(model)}


def one_cycle_case(name, steps, options):
    """Rates, momenta and the parameter under given gradients."""
    parameter = tensor(wave(6, 4.0), (6,), torch.float64).requires_grad_()
    kind = {"sgd": torch.optim.SGD, "adam": torch.optim.Adam, "adamw": torch.optim.AdamW}[name]
    optimizer = kind([parameter], lr=0.1, foreach=False)
    scheduler = torch.optim.lr_scheduler.OneCycleLR(optimizer, max_lr=0.1, total_steps=steps, **options)
    rates, momenta, values = [], [], []
    for step in range(steps):
        group = optimizer.param_groups[0]
        rates.append(group["lr"])
        momenta.append(group["momentum"] if name == "sgd" else group["betas"][0])
        parameter.grad = tensor(wave(6, 0.9 * step), (6,), torch.float64)
        optimizer.step()
        if step + 1 < steps:
            scheduler.step()
        values.append(parameter.tolist())
    return {"optimizer": name, "steps": steps, "learning_rate": 0.1, "pct_start": 0.3, "div_factor": 25.0,
            "final_div_factor": 1e4, "cycle_momentum": True, **options, "rates": rates, "momenta": momenta,
            "values": values}


def two_groups(name):
    """Full-batch steps in f64, weight decay on the matrices alone."""
    model = Net(torch.float64)
    x, y = tensor(INPUTS, (ROWS, FEATURES), torch.float64), tensor(TARGETS, (ROWS,), torch.float64)
    kind = {"sgd": torch.optim.SGD, "adam": torch.optim.Adam, "adamw": torch.optim.AdamW}[name]
    parameters = dict(model.named_parameters())
    optimizer = kind([{"params": [p for n, p in parameters.items() if "bias" not in n], "weight_decay": 0.2},
                      {"params": [p for n, p in parameters.items() if "bias" in n], "weight_decay": 0.0}],
                     lr=0.05, foreach=False)
    for _ in range(12):
        optimizer.zero_grad()
        model(x, y)["loss"].backward()
        optimizer.step()
    return {"optimizer": name, "learning_rate": 0.05, "weight_decay": 0.2, "steps": 12, "final": values_of(model)}


def autocast():
    """Loss and gradients in f32 and under autocast to bf16."""
    result = {"hidden": 32}
    for name, enabled in (("f32", False), ("bf16", True)):
        model = Net(hidden=32)
        x, y = tensor(INPUTS, (ROWS, FEATURES)), tensor(TARGETS, (ROWS,))
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=enabled):
            logits = model.out(torch.tanh(model.hidden(x)))
            loss = torch.nn.functional.mse_loss(logits.float().squeeze(-1), y)
        loss.backward()
        result[name] = {"loss": loss.item(),
                        "gradients": {n: p.grad.flatten().tolist() for n, p in model.named_parameters()}}
    return result


def permutations(seed):
    return [torch.randperm(22, generator=torch.Generator().manual_seed(seed + epoch)).tolist() for epoch in range(3)]


def main():
    logging.disable(logging.WARNING)
    torch.set_num_threads(1)
    golden = {
        "torch": torch.__version__.split("+")[0], "transformers": transformers.__version__,
        "inputs": INPUTS, "targets": TARGETS,
        "initial": {name: {"shape": list(p.shape), "values": p.flatten().tolist()}
                    for name, p in Net(torch.float64).named_parameters()},
        "trainer": [trainer_run(1)],
        "one_cycle": [one_cycle_case("adam", 20, {}), one_cycle_case("adamw", 33, {"pct_start": 0.1}),
                      one_cycle_case("sgd", 17, {"div_factor": 4.0, "final_div_factor": 10.0}),
                      one_cycle_case("adamw", 9, {"cycle_momentum": False}), one_cycle_case("adam", 2, {})],
        "groups": [two_groups(name) for name in ("adam", "adamw", "sgd")],
        "autocast": autocast(),
        "permutations": {"seed": 42, "orders": permutations(42)},
    }
    path = pathlib.Path(__file__).with_name("training.json")
    text = json.dumps(golden, separators=(",", ":"))
    path.write_text(text.replace('},{"optimizer"', '},\n{"optimizer"') + "\n")


if __name__ == "__main__":
    main()
