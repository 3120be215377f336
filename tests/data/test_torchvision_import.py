"""torchvision beside the torch that is here, matching or not."""

import subprocess
import sys


def run(code):
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_its_data_sets_can_be_asked():
    code = (
        "from dropout_lab.data.torchvision_import import torchvision; known = torchvision();"
        "print(known.CIFAR10.url, torchvision() is known)"
    )
    assert run(code) == "https://www.cs.toronto.edu/~kriz/cifar-10-python.tar.gz True"


def test_what_loads_is_left_alone():
    # A library that loads stands for a matching pair: nothing must be declared then.
    code = (
        "import torch, dropout_lab.data.torchvision_import as ours\n"
        "torch.ops.load_library = lambda path: None\n"
        "print(ours._operators_load(), len(ours._declared), hasattr(torch.ops.torchvision, 'nms'))"
    )
    assert run(code) in ("True 0 False", "True 0 True")  # a matching pair brings its own operator


def test_what_cannot_load_is_declared_once_and_import_succeeds():
    code = (
        "import torch, dropout_lab.data.torchvision_import as ours\n"
        "def fails(path): raise OSError('built for another torch')\n"
        "torch.ops.load_library = fails\n"
        "ours.torchvision(); ours.torchvision()\n"
        "print(len(ours._declared), hasattr(torch.ops.torchvision, 'nms'))"
    )
    assert run(code) == "1 True"
