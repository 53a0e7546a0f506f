"""Writes optimizers.json: what torch's optimizers and schedules do, for tests/unit/train.

Linear and cosine with warm-up follow get_linear_schedule_with_warmup and get_cosine_with_min_lr_schedule_with_warmup
of transformers/optimization.py, whose lambdas are repeated here.
"""
import json
import math
import pathlib

import torch

STEPS = 20
ROWS, FEATURES, HIDDEN = 12, 3, 4


def wave(count, phase):
    return [math.sin(1.7 * i + phase) for i in range(count)]


def schedule(optimizer, case, steps):
    base, floor, warmup = case["learning_rate"], case["min_lr"] / case["learning_rate"], case["warmup"]
    warmup = math.ceil(steps * warmup) if warmup < 1 else int(warmup)
    kind = case["schedule"]
    schedulers = torch.optim.lr_scheduler
    if warmup == 0 and kind == "step":
        return schedulers.StepLR(optimizer, case["step_size"] * case["steps_per_epoch"], case["gamma"])
    if warmup == 0 and kind == "linear":
        return schedulers.LinearLR(optimizer, 1.0, floor, steps)
    if warmup == 0 and kind == "cosine":
        return schedulers.CosineAnnealingLR(optimizer, steps, base * floor)

    def factor(step):
        if step < warmup:
            return step / max(1, warmup)
        progress = (step - warmup) / max(1, steps - warmup)
        if kind == "linear":
            return floor + (1 - floor) * max(0.0, 1 - progress)
        if kind == "cosine":
            return floor + (1 - floor) * 0.5 * (1 + math.cos(math.pi * progress))
        return 1.0

    return schedulers.LambdaLR(optimizer, factor)


def with_defaults(case):
    return {"optimizer": "adamw", "learning_rate": 0.05, "weight_decay": 0.0, "momentum": 0.0, "eps": 1e-8,
            "betas": [0.9, 0.999], "clip_norm": 0.0, "schedule": "constant", "warmup": 0, "min_lr": 0.0,
            "step_size": 6, "gamma": 0.3, "steps_per_epoch": 1, **case}


def make_optimizer(parameters, case):
    if case["optimizer"] == "sgd":
        return torch.optim.SGD(parameters, lr=case["learning_rate"], momentum=case["momentum"],
                               weight_decay=case["weight_decay"], foreach=False)
    kind = {"adam": torch.optim.Adam, "adamw": torch.optim.AdamW}[case["optimizer"]]
    return kind(parameters, lr=case["learning_rate"], betas=tuple(case["betas"]), eps=case["eps"],
                weight_decay=case["weight_decay"], foreach=False)


CASES = [with_defaults(case) for case in (
    {"name": "adam", "optimizer": "adam"},
    {"name": "adam, decay, betas, eps", "optimizer": "adam", "weight_decay": 0.1, "betas": [0.8, 0.95], "eps": 1e-3},
    {"name": "adamw, decay", "weight_decay": 0.1},
    {"name": "sgd", "optimizer": "sgd"},
    {"name": "sgd, momentum, decay", "optimizer": "sgd", "momentum": 0.9, "weight_decay": 0.05},
    {"name": "sgd, clipped", "optimizer": "sgd", "learning_rate": 0.5, "clip_norm": 0.2},
    {"name": "adamw, clipped, decay", "weight_decay": 0.1, "clip_norm": 0.05},
    {"name": "adamw, warm-up", "warmup": 5},
    {"name": "adamw, linear", "schedule": "linear", "warmup": 4, "min_lr": 0.001},
    {"name": "adam, cosine", "optimizer": "adam", "schedule": "cosine", "min_lr": 0.002},
    {"name": "sgd, momentum, step", "optimizer": "sgd", "momentum": 0.5, "schedule": "step"},
)]

SCHEDULES = [(with_defaults(case), steps) for case, steps in (
    ({"name": "constant"}, 7),
    ({"name": "constant, warm-up", "warmup": 5}, 12),
    ({"name": "constant, warm-up by share", "warmup": 0.25}, 10),
    ({"name": "linear", "schedule": "linear", "min_lr": 0.01}, 33),
    ({"name": "linear, warm-up", "schedule": "linear", "warmup": 0.1}, 33),
    ({"name": "linear, warm-up, floor", "schedule": "linear", "warmup": 7, "min_lr": 0.02}, 29),
    ({"name": "cosine", "schedule": "cosine"}, 40),
    ({"name": "cosine, floor", "schedule": "cosine", "min_lr": 0.004}, 40),
    ({"name": "cosine, warm-up, floor", "schedule": "cosine", "warmup": 0.2, "min_lr": 0.004}, 37),
    ({"name": "step", "schedule": "step", "step_size": 2, "steps_per_epoch": 5}, 48),
)]


def train(case):
    """Full-batch steps of a two-layer tanh network in f64: order of rows doesn't matter."""
    inputs = torch.tensor(wave(ROWS * FEATURES, 0.2), dtype=torch.float64).reshape(ROWS, FEATURES)
    targets = torch.tensor(wave(ROWS, 2.5), dtype=torch.float64).reshape(ROWS, 1)
    initial = initial_parameters()
    parameters = {name: value.clone().requires_grad_() for name, value in initial.items()}
    optimizer = make_optimizer(list(parameters.values()), case)
    scheduler = schedule(optimizer, case, STEPS)
    losses = []
    for _ in range(STEPS):
        hidden = torch.tanh(torch.nn.functional.linear(inputs, parameters["hidden.weight"], parameters["hidden.bias"]))
        outputs = torch.nn.functional.linear(hidden, parameters["out.weight"], parameters["out.bias"])
        loss = torch.nn.functional.mse_loss(outputs, targets)
        losses.append(loss.item())
        optimizer.zero_grad()
        loss.backward()
        if case["clip_norm"] > 0:
            torch.nn.utils.clip_grad_norm_(list(parameters.values()), case["clip_norm"], foreach=False)
        optimizer.step()
        scheduler.step()
    return {**case, "losses": losses, "final": {name: value.flatten().tolist() for name, value in parameters.items()}}


def initial_parameters():
    shapes = {"hidden.weight": (HIDDEN, FEATURES), "hidden.bias": (HIDDEN,),
              "out.weight": (1, HIDDEN), "out.bias": (1,)}
    return {name: torch.tensor(wave(math.prod(shape), phase), dtype=torch.float64).reshape(shape)
            for phase, (name, shape) in enumerate(shapes.items())}


def follow_gradients(case):
    """The optimizer alone in f32, on given gradients."""
    gradients = [wave(6, 0.9 * step) for step in range(STEPS)]
    parameter = torch.tensor(wave(6, 4.0), dtype=torch.float32).requires_grad_()
    optimizer = make_optimizer([parameter], case)
    values = []
    for gradient in gradients:
        parameter.grad = torch.tensor(gradient, dtype=torch.float32)
        if case["clip_norm"] > 0:
            torch.nn.utils.clip_grad_norm_([parameter], case["clip_norm"], foreach=False)
        optimizer.step()
        values.append([float(value) for value in parameter.detach()])
    return {**case, "gradients": gradients, "values": values}


def rates(case, steps):
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=case["learning_rate"])
    scheduler = schedule(optimizer, case, steps)
    result = []
    for _ in range(steps):
        result.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        scheduler.step()
    return {**case, "rates": result}


def main():
    golden = {
        "torch": torch.__version__.split("+")[0],
        "inputs": wave(ROWS * FEATURES, 0.2),
        "targets": wave(ROWS, 2.5),
        "initial": {name: {"shape": list(value.shape), "values": value.flatten().tolist()}
                    for name, value in initial_parameters().items()},
        "start_f32": wave(6, 4.0),
        "fits": [train(case) for case in CASES],
        "optimizers": [follow_gradients(case) for case in CASES
                       if case["schedule"] == "constant" and not case["warmup"]],
        "schedules": [rates(case, steps) for case, steps in SCHEDULES],
    }
    path = pathlib.Path(__file__).with_name("optimizers.json")
    text = json.dumps(golden, separators=(",", ":"))
    path.write_text(text.replace('},{"optimizer"', '},\n{"optimizer"') + "\n")  # a case a line


if __name__ == "__main__":
    main()
