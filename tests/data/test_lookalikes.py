"""Files as others publish them, through the command."""

import numpy as np
import pytest

RANDOM = np.random.default_rng(5)


def drawn(count, *shape):
    """Bright images of class 1 and dark ones of class 0."""
    y = np.arange(count) % 2
    noise = RANDOM.integers(0, 90, (count, *shape))
    return (noise + 120 * y.reshape(-1, *[1] * len(shape))).astype(np.uint8), y


def mnist_of_keras():
    (x, y), (x_test, y_test) = drawn(120, 28, 28), drawn(40, 28, 28)
    return {"x_test": x_test, "x_train": x, "y_train": y, "y_test": y_test}


def medmnist():
    parts = {part: drawn(count, 28, 28, 3) for part, count in (("train", 90), ("val", 30), ("test", 40))}
    images = {f"{part}_images": x for part, (x, _) in parts.items()}
    return images | {f"{part}_labels": y.astype(np.uint8)[:, None] for part, (_, y) in parts.items()}


def cifar_of_floats():
    (x, y), (x_test, y_test) = drawn(120, 32, 32, 3), drawn(40, 32, 32, 3)
    scaled = {"X_train": (x / 255).astype(np.float32), "X_test": (x_test / 255).astype(np.float32)}
    return scaled | {"Y_train": np.eye(2)[y], "Y_test": np.eye(2)[y_test]}


def digits_of_sklearn():
    x, y = drawn(150, 8, 8)
    names = np.array(["dark", "bright"])
    return {"data": x.reshape(150, 64) / 16.0, "target": y, "target_names": names, "DESCR": np.array("...")}


def sensors():
    y = np.arange(150) % 2
    x = RANDOM.normal(size=(150, 20, 4)) + np.array([0, 1e6, 0, 0])
    x[:, :, 2] += 2 * y[:, None]
    return {"signals": x, "x": x, "labels": np.array([b"rest", b"walk "])[y]}


@pytest.mark.parametrize(
    ("arrays", "model", "line"),
    [
        (mnist_of_keras, "mlp", "160 images 1x28x28, classes: 0 80, 1 80; train 96, val 24, test 40"),
        (
            medmnist,
            "cnn",
            "160 images 3x28x28 (channels last in the file), classes: 0 80, 1 80; train 90, val 30, test 40",
        ),
        (
            cifar_of_floats,
            "mlp",
            "160 images 3x32x32 (channels last in the file; one-hot rows of 2 as classes 0 to 1), classes: 0 80, 1 80; "
            "train 96, val 24, test 40",
        ),
        (
            digits_of_sklearn,
            "mlp",
            "150 rows, 64 features (not used: target_names, DESCR), classes: 0 75, 1 75; train 96, val 24, test 30",
        ),
        (
            sensors,
            "gru",
            "150 series of 20 steps with 4 features (data.layout=images reads images; not used: signals), classes: "
            "rest 75, walk 75; train 96, val 24, test 30",
        ),
    ],
)
def test_published_files_are_read_and_learned(typed, folder, arrays, model, line):
    np.savez_compressed("d.NPZ", **arrays())
    (folder / "d.NPZ.npz").rename("d.NPZ")
    words = ["model.channels=[4]"] if model == "cnn" else []
    words += ["train.lr=0.01"] if model != "mlp" else []
    status, out, err = typed(
        "sweep",
        "data=file",
        "data.path=d.NPZ",
        f"model={model}",
        *words,
        "rate=0",
        "seeds=2",
        "train.epochs=6",
        "out=o",
    )
    assert (status, err) == (0, "")
    assert out.splitlines()[0] == f"data: d.NPZ, {line}"
    assert float(out.split("none")[1].split()[0].rstrip(",")) > 95


@pytest.mark.parametrize(
    ("write", "line"),
    [
        (
            lambda: np.save("d.npy", np.ones((5, 2))),
            "data.path=d.npy: must end in one of .npz, .csv, .tsv, .txt, .data, tables perhaps with .gz; "
            "an .npy file contains one array",
        ),
        (lambda: np.savez("d.npz", x=np.ones((5, 2))), "d.npz: must contain x and y, or arrays with names"),
    ],
)
def test_what_is_refused_is_refused_in_one_line(typed, folder, write, line):
    write()
    path = next(folder.iterdir()).name
    status, out, err = typed("sweep", "data=file", f"data.path={path}", "rate=0", "out=o")
    assert (status, out, err.count("\n")) == (2, "", 1)
    assert err.startswith(f"dropout-lab: {line}")


def test_a_layout_is_for_arrays_alone(typed, folder):
    (folder / "d.csv").write_text("a,y\n1,2\n3,4\n")
    status, out, err = typed("sweep", "data=file", "data.path=d.csv", "data.target=y", "data.layout=series", "rate=0")
    assert (status, out) == (2, "")
    assert err == "dropout-lab: data.layout=series: applies to arrays only; the axes of a table are fixed\n"
