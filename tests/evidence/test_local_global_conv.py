"""LocalGlobalConv: nothing changes at first, and then it learns what no plain block of its size can."""

from __future__ import annotations

import copy

import pytest

from labelscope.errors import InvalidInputError, InvalidTypeError
from labelscope.evidence.self_supervised.local_global_conv import LocalGlobalConv, with_global_branches

torch = pytest.importorskip("torch", reason="torch is not installed")
nn = torch.nn


@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("bias", [True, False])
def test_at_first_it_computes_what_the_convolution_does(stride, bias):
    torch.manual_seed(0)
    plain = nn.Conv2d(6, 10, 3, stride=stride, padding=1, bias=bias)
    pictures = torch.rand(3, 6, 9, 7)
    wrapped = LocalGlobalConv(plain)
    for mode in (True, False):
        assert torch.equal(wrapped.train(mode)(pictures), plain(pictures))
    assert wrapped.local is plain


def test_weights_of_the_convolution_are_kept_and_all_others_can_learn():
    torch.manual_seed(0)
    wrapped = LocalGlobalConv(nn.Conv2d(4, 4, 3, padding=1), n_heads=2)
    with torch.no_grad():
        wrapped.norm.weight.fill_(1.0)
    wrapped(torch.rand(2, 4, 5, 5)).square().sum().backward()
    for name, parameter in wrapped.named_parameters():
        assert parameter.grad is not None and torch.isfinite(parameter.grad).all(), name


def test_heads_divide_the_channels():
    assert LocalGlobalConv(nn.Conv2d(6, 4, 3), n_heads=4).n_heads == 3
    assert LocalGlobalConv(nn.Conv2d(1, 4, 3)).n_heads == 1


def far_marks(n, seed):
    """Pictures with a mark at the upper left; the answer stands at the lower right: was it bright?"""
    generator = torch.Generator().manual_seed(seed)
    pictures = 0.1 * torch.rand(n, 2, 12, 12, generator=generator)
    answers = torch.rand(n, generator=generator) < 0.5
    pictures[:, 0, 1, 1] = torch.where(answers, 3.0, 0.0)
    pictures[:, 1, 10, 10] = 1.0
    return pictures, answers.float()


def learned(wrap):
    torch.manual_seed(1)
    block = nn.Sequential(
        nn.Conv2d(2, 8, 3, padding=1), nn.ReLU(), nn.Conv2d(8, 8, 3, padding=1), nn.ReLU(), nn.Conv2d(8, 1, 1)
    )
    if wrap:
        assert with_global_branches(block) == 2
    adam = torch.optim.Adam(block.parameters(), lr=0.01)
    pictures, answers = far_marks(128, 0)
    for _ in range(120):
        adam.zero_grad()
        # Only the place at the lower right is asked; the mark is ten pixels away, out of its view.
        loss = nn.functional.binary_cross_entropy_with_logits(block(pictures)[:, 0, 10, 10], answers)
        loss.backward()
        adam.step()
    pictures, answers = far_marks(200, 7)
    with torch.no_grad():
        return float(((block(pictures)[:, 0, 10, 10] > 0).float() == answers).float().mean())


def test_it_learns_a_dependency_that_the_plain_block_cannot_see():
    assert learned(wrap=False) < 0.65
    assert learned(wrap=True) > 0.95


def test_only_the_named_stage_is_wrapped_and_the_network_computes_the_same():
    torch.manual_seed(0)
    network = nn.Sequential()
    for name in ("early", "late"):
        network.add_module(name, nn.Sequential(nn.Conv2d(4, 4, 3, padding=1), nn.Conv2d(4, 4, 1)))
    before = copy.deepcopy(network)
    assert with_global_branches(network, only="late") == 1
    assert isinstance(network.early[0], nn.Conv2d) and not isinstance(network.late[0], nn.Conv2d)
    pictures = torch.rand(2, 4, 6, 6)
    assert torch.equal(network(pictures), before(pictures))
    with pytest.raises(InvalidInputError, match="no convolution"):
        with_global_branches(network, only="late")


def test_weights_survive_a_round_trip_and_pickling():
    import pickle

    wrapped = LocalGlobalConv(nn.Conv2d(4, 4, 3, padding=1))
    with torch.no_grad():
        wrapped.norm.weight.fill_(0.5)
    other = LocalGlobalConv(nn.Conv2d(4, 4, 3, padding=1))
    other.load_state_dict(wrapped.state_dict())
    pictures = torch.rand(1, 4, 5, 5)
    assert torch.equal(other(pictures), wrapped(pictures))
    assert torch.equal(copy.deepcopy(wrapped)(pictures), wrapped(pictures))
    again = pickle.loads(pickle.dumps(wrapped))
    assert torch.equal(again(pictures), wrapped(pictures))


@pytest.mark.parametrize("wrong", [nn.Linear(2, 2), "conv", nn.Conv1d(2, 2, 3)])
def test_other_modules_are_refused(wrong):
    with pytest.raises(InvalidTypeError, match="Conv2d"):
        LocalGlobalConv(wrong)


def test_settings_out_of_range_are_refused():
    with pytest.raises(InvalidInputError):
        LocalGlobalConv(nn.Conv2d(2, 2, 3), n_heads=0)
    with pytest.raises(InvalidInputError):
        with_global_branches(nn.Linear(2, 2))
    with pytest.raises(InvalidTypeError):
        with_global_branches("network")
