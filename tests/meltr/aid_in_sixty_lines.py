"""MELTR's algorithm, with nothing but torch: the specification in code.

w are the model's weights, phi those of the loss transformer M. Per update:
w goes along dM(l(w))/dw; every few updates phi goes along

    phi.grad = - d/dphi sum_t (dM/dl_t) s_t,    s_t = <dl_t/dw, v>,
    v = d/dw (l_primary + gamma |sum_t l_t - M(l)|) on other batches.
"""
import torch


def dot(a, b):
    return sum((x * y).sum() for x, y in zip(a, b))


def gradient(value, weights):
    return torch.autograd.grad(
        value, weights, retain_graph=True, allow_unused=True,
        materialize_grads=True)


def hypergradient(weights, meltr, primary, losses, gamma=0.):
    """One gradient per parameter of ``meltr``; zero without influence.

    ``primary()`` and ``losses()`` evaluate () and (T,) at the weights.
    """
    v = gradient(primary(), weights)
    values = losses()
    leaf = values.detach().requires_grad_()
    total = meltr(leaf)
    slopes, = torch.autograd.grad(total, leaf, create_graph=True)
    if gamma:
        sign = (leaf.sum() - total).sign().detach()
        pulled = gradient((gamma * sign * (1 - slopes.detach())
                           * values).sum(), weights)
        v = [a + b for a, b in zip(v, pulled)]
    s = torch.stack([dot(gradient(value, weights), v) for value in values])
    return gradient(-(slopes * s.detach()).sum(), list(meltr.parameters()))


def train(weights, meltr, losses_of, primary, batches, optimizer,
          meta_optimizer, interval=3, gamma=0.1, draw=lambda old: old[-1]):
    """Train both; ``losses_of(batch)`` gives (T,), ``primary`` is an index,
    and ``draw`` picks a meta batch from those seen before."""
    seen = []
    for update, batch in enumerate(batches, 1):
        optimizer.zero_grad()
        for w, g in zip(weights, gradient(meltr(losses_of(batch)), weights)):
            w.grad = g
        optimizer.step()
        if update % interval == 0:
            other, own = draw(seen or [batch]), draw(seen or [batch])
            grads = hypergradient(
                weights, meltr, lambda b=other: losses_of(b)[primary],
                lambda b=own: losses_of(b), gamma)
            for p, g in zip(meltr.parameters(), grads):
                p.grad = g
            meta_optimizer.step()
        seen.append(batch)
