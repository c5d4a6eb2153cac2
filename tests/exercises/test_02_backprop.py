"""Set 02, thought of as an enemy and as a friend: wrong answers that nearly pass, and right ones that nearly fail.

What the set holds for right is held against PyTorch's autograd.
"""

import numpy as np
import pytest
from problem_sets import ROOT, dedented, in_notebook, the_notebook, the_set

from autograder.questions import run_source
from course_lib.checks import load_checks

SET = the_set(ROOT / "solutions" / "02_backprop")
VALUE = SET.questions["Value"].reference_source
MLP = SET.questions["mlp_loss_and_gradients"].accepted[-1]


def changed(source: str, *pairs: tuple[str, str]) -> str:
    for old, new in pairs:
        assert source.count(old) == 1, old
        source = source.replace(old, new)
    return source


NEARLY_RIGHT = {
    "graph_gradients with df_dx and df_dz exchanged": "graph_gradients = lambda x, y, z: ((x + y) * z, x + y, z, z)",
    "graph_gradients by a rough difference": """
        def graph_gradients(x, y, z):
            f = lambda x, y, z: np.float32((x + y) * z)
            return f(x, y, z), f(x + 1, y, z) - f(x, y, z), f(x, y + 1, z) - f(x, y, z), f(x, y, z + 1) - f(x, y, z)
        """,
    "dense_backward mean in the weights only": """
        dense_backward = lambda X, W, b, G: (G @ W.T, X.T @ G / len(X), G.sum(axis=0))
        """,
    "dense_backward for one sample only": """
        dense_backward = lambda X, W, b, G: (G @ W.T, np.outer(X[0], G[0]), G[0])
        """,
    "dense_backward right for square matrices with one sample": """
        def dense_backward(X, W, b, G):
            return np.dot(G, W.T), np.dot(X.T, G), np.dot(G.T, np.ones(W.shape[0]))
        """,
    "dense_backward in single precision": """
        def dense_backward(X, W, b, G):
            X, W, G = (np.asarray(a, dtype=np.float32) for a in (X, W, G))
            return G @ W.T, X.T @ G, G.sum(axis=0)
        """,
    "dense_backward into integers": """
        def dense_backward(X, W, b, G):
            dW, db = np.zeros_like(W), np.zeros_like(b)
            dW += X.T @ G
            db += G.sum(axis=0)
            return G @ W.T, dW + 0.5 * (dW.dtype.kind == "i"), db
        """,
    "dense_backward into the dtype of W": """
        def dense_backward(X, W, b, G):
            dW = np.zeros_like(W)
            dW[:] = X.T @ G
            return G @ W.T, dW, G.sum(axis=0)
        """,
    "relu_backward with a threshold": "relu_backward = lambda Z, G: np.where(Z > 1e-8, G, 0.0)",
    "relu_backward leaking": "relu_backward = lambda Z, G: np.where(Z > 0, G, 0.01 * G)",
    "relu_backward for matrices only": """
        def relu_backward(Z, G):
            n, k = Z.shape
            return np.array([[G[i, j] * (Z[i, j] > 0) for j in range(k)] for i in range(n)])
        """,
    "relu_backward flat": "relu_backward = lambda Z, G: np.ravel(G * (Z > 0))",
    "mlp_loss_and_gradients with classes counted from the labels": changed(
        MLP, ("G[np.arange(n), labels] -= 1", "G = G - np.eye(max(labels) + 1)[labels]")
    ),
    "mlp_loss_and_gradients with ReLU's slope one at zero": changed(MLP, ("pre[i - 1] > 0", "pre[i - 1] >= 0")),
    "mlp_loss_and_gradients clipped": changed(
        MLP, ("logp = s - np.log(np.exp(s).sum(axis=1, keepdims=True))", "logp = np.log(np.clip(P, 1e-15, 1))")
    ),
    "mlp_loss_and_gradients with clipped logits": changed(
        MLP, ("    s = inputs[-1]\n", "    s = inputs[-1].clip(-500, 500)\n")
    ),
    "mlp_loss_and_gradients for two layers at most": changed(
        MLP, ("range(last, -1, -1)", "range(last, max(last - 2, -1), -1)")
    ),
    "mlp_loss_and_gradients one flat list": changed(
        MLP, ("return loss, grads[::-1]", "return loss, [array for pair in grads[::-1] for array in pair]")
    ),
    "mlp_loss_and_gradients without axes of length one": changed(
        MLP, ("(inputs[i].T @ G, G.sum(axis=0))", "(np.squeeze(inputs[i].T @ G), np.squeeze(G.sum(axis=0)))")
    ),
    "mlp_loss_and_gradients with NaN replaced": changed(
        MLP, ("    s = s - s.max(axis=1, keepdims=True)\n", "    np.seterr(all='ignore')\n"),
        ("return loss, grads[::-1]", "return loss, [(np.nan_to_num(dW), np.nan_to_num(db)) for dW, db in grads[::-1]]"),
    ),
    "Value depth first": changed(
        VALUE,
        (
            VALUE[VALUE.index("        order, seen = [], set()") : VALUE.index("\n\ndef wrapped")],
            """        self.grad, stack, seen = 1.0, [self], {self}
        while stack:
            node = stack.pop()
            for parent, slope in node.parents:
                parent.grad += slope * node.grad
                if parent not in seen:
                    seen.add(parent)
                    stack.append(parent)
""",
        ),
    ),
    "Value without subtraction from the left": changed(VALUE, ("def __rsub__", "def _rsub_")),
    "Value without division from the left": changed(VALUE, ("def __rtruediv__", "def _rtruediv_")),
    "Value without powers from the left": changed(VALUE, ("def __rpow__", "def _rpow_")),
    "Value without unary minus": changed(VALUE, ("def __neg__", "def _neg_")),
    "Value with a power rule that divides by the base": changed(
        VALUE, ("other * base ** (other - 1)),)", "other * base**other / base),)")
    ),
    **{
        f"Value that overwrites in {name}": changed(
            VALUE,
            ("parent.grad += slope * node.grad", "parent.grad = slope * node.grad + (not node.alone) * parent.grad"),
            ("        self.parents = parents", "        self.parents, self.alone = parents, False"),
            (old, f"out = {old[7:]}\n        out.alone = True\n        return out"),
        )
        for name, old in {
            "exp": "return Value(e, ((self, e),))",
            "tanh": "return Value(t, ((self, 1 - t**2),))",
            "relu": "return Value(max(self.data, 0.0), ((self, float(self.data > 0)),))",
            "powers of a Value": "return Value(power, ((self, other.data * base ** (other.data - 1)), "
                                 "(other, power * np.log(base))))",
        }.items()
    },
    "Value leaking through relu": changed(VALUE, ("float(self.data > 0)", "1.0 if self.data > 0 else 0.01")),
    "Value with the hard tanh": changed(VALUE, ("t = np.tanh(self.data)", "t = min(1.0, max(-1.0, self.data))")),
    "Value without .grad inside the graph": changed(
        VALUE,
        ("        for node in reversed(order):", "        for node in order[::-1]:"),
        ("parent.grad += slope * node.grad", "parent.grad += slope * node.grad\n            node.grad = 0.0"),
    ),
    "sgd_step with a shared bias": """
        def sgd_step(params, grads, lr):
            return [(W - lr * dW, b - lr * db.mean()) for (W, b), (dW, db) in zip(params, grads)]
        """,
    "sgd_step that decays": """
        def sgd_step(params, grads, lr):
            return [(0.999 * W - lr * dW, b - lr * db) for (W, b), (dW, db) in zip(params, grads)]
        """,
    "sgd_step with the gradient's direction only": """
        def sgd_step(params, grads, lr):
            return [(W - lr * np.sign(dW), b - lr * np.sign(db)) for (W, b), (dW, db) in zip(params, grads)]
        """,
    "sgd_step for two layers": """
        def sgd_step(params, grads, lr):
            ((W, b), (V, c)), ((dW, db), (dV, dc)) = params, grads
            return [(W - lr * dW, b - lr * db), (V - lr * dV, c - lr * dc)]
        """,
    "minibatches from Python's own random numbers": """
        def minibatches(X, y, batch_size, rng):
            import random
            rows = list(range(len(X)))
            random.shuffle(rows)
            for i in range(0, len(X), batch_size):
                yield X[rows[i : i + batch_size]], y[rows[i : i + batch_size]]
        """,
    "minibatches from a random sample on": """
        def minibatches(X, y, batch_size, rng):
            order = np.roll(np.arange(len(X)), rng.integers(len(X)))
            for i in range(0, len(X), batch_size):
                yield X[order[i : i + batch_size]], y[order[i : i + batch_size]]
        """,
    "minibatches dealt out like cards": """
        def minibatches(X, y, batch_size, rng):
            piles = int(rng.integers(2, 7))
            order = np.concatenate([np.arange(pile, len(X), piles) for pile in rng.permutation(piles)])
            for i in range(0, len(X), batch_size):
                yield X[order[i : i + batch_size]], y[order[i : i + batch_size]]
        """,
    "minibatches with labels as a column": """
        def minibatches(X, y, batch_size, rng):
            order = rng.permutation(len(X))
            for i in range(0, len(X), batch_size):
                yield X[order[i : i + batch_size]], y[order[i : i + batch_size]].reshape(-1, 1)
        """,
    "minibatches seeded from the shape": """
        def minibatches(X, y, batch_size, rng):
            order = np.random.default_rng(len(X)).permutation(len(X))
            for i in range(0, len(X), batch_size):
                yield X[order[i : i + batch_size]], y[order[i : i + batch_size]]
        """,
    "minibatches filled up to full size": """
        def minibatches(X, y, batch_size, rng):
            order = rng.permutation(len(X))
            for i in range(0, len(X), batch_size):
                rows = np.resize(np.roll(order, -i), batch_size)
                yield X[rows], y[rows]
        """,
    "minibatches with a small batch in front": """
        def minibatches(X, y, batch_size, rng):
            order, rest = rng.permutation(len(X)), len(X) % batch_size
            for rows in np.split(order, np.arange(rest or batch_size, len(X), batch_size)):
                yield X[rows], y[rows]
        """,
    "minibatches of even sizes": """
        def minibatches(X, y, batch_size, rng):
            for rows in np.array_split(rng.permutation(len(X)), -(-len(X) // batch_size)):
                yield X[rows], y[rows]
        """,
    "minibatches that fail for a large batch_size": """
        def minibatches(X, y, batch_size, rng):
            assert batch_size <= len(X)
            order = rng.permutation(len(X))
            for i in range(0, len(X), batch_size):
                yield X[order[i : i + batch_size]], y[order[i : i + batch_size]]
        """,
    "minibatches shuffled within batches": """
        def minibatches(X, y, batch_size, rng):
            for i in range(0, len(X), batch_size):
                rows = i + rng.permutation(len(X[i : i + batch_size]))
                yield X[rows], y[rows]
        """,
    "minibatches that also seed NumPy": """
        def minibatches(X, y, batch_size, rng):
            np.random.seed(int(rng.integers(2**31)))
            order = np.random.permutation(len(X))
            for i in range(0, len(X), batch_size):
                yield X[order[i : i + batch_size]], y[order[i : i + batch_size]]
        """,
}  # fmt: skip

UNUSUAL_BUT_RIGHT = {
    "graph_gradients as an array": "graph_gradients = lambda x, y, z: np.array([x * z + y * z, z, z, y + x])",
    "graph_gradients by differences": """
        def graph_gradients(x, y, z):
            f = lambda x, y, z: (float(x) + float(y)) * float(z)
            slope = lambda *d: (f(x + d[0], y + d[1], z + d[2]) - f(x - d[0], y - d[1], z - d[2])) / 2
            return f(x, y, z), slope(1, 0, 0), slope(0, 1, 0), slope(0, 0, 1)
        """,
    "dense_backward as nested lists": """
        def dense_backward(X, W, b, G):
            return [(G @ W.T).tolist(), (X.T @ G).tolist(), G.sum(axis=0).tolist()]
        """,
    "dense_backward by tensordot": """
        def dense_backward(X, W, b, G):
            return np.tensordot(G, W, (1, 1)), np.tensordot(X, G, (0, 0)), np.add.reduce(G, axis=0)
        """,
    "dense_backward in long double": """
        def dense_backward(X, W, b, G):
            X, W, G = (np.asarray(a, dtype=np.longdouble) for a in (X, W, G))
            return tuple(np.asarray(a, dtype=float) for a in ((W @ G.T).T, (G.T @ X).T, G.T @ np.ones(len(G))))
        """,
    "relu_backward by minimum and sign": """
        relu_backward = lambda Z, G: np.multiply(G, np.minimum(np.sign(np.maximum(Z, 0)), 1))
        """,
    "relu_backward as a masked copy": """
        def relu_backward(Z, G):
            out = np.zeros(np.shape(G))
            np.copyto(out, G, where=np.asarray(Z) > 0)
            return out
        """,
    "relu_backward through indices": """
        def relu_backward(Z, G):
            dZ = np.zeros_like(G, dtype=float)
            where = np.nonzero(np.asarray(Z) > 0)
            dZ[where] = np.asarray(G)[where]
            return dZ
        """,
    "mlp_loss_and_gradients with logaddexp": changed(
        MLP,
        ("    s = s - s.max(axis=1, keepdims=True)\n    P = np.exp(s) / np.exp(s).sum(axis=1, keepdims=True)\n", ""),
        ("s - np.log(np.exp(s).sum(axis=1, keepdims=True))", "s - np.logaddexp.reduce(s, axis=1, keepdims=True)"),
        ("G = P.copy()", "G = np.exp(logp)"),
    ),
    "mlp_loss_and_gradients with list operations": changed(
        MLP,
        ("    n, last", "    params = params.copy() + []\n    n, last"),
    ),
    "mlp_loss_and_gradients with warnings silenced on the way": changed(
        MLP,
        ("    G = P.copy()\n", "    with np.errstate(all='ignore'):\n        np.log(0.0 * P)\n    G = P.copy()\n"),
    ),
    "mlp_loss_and_gradients with a deque and lists": changed(
        MLP,
        ("    grads = []\n", "    from collections import deque\n    grads = deque()\n"),
        ("grads.append((", "grads.appendleft(["),
        ("G.sum(axis=0)))", "G.sum(axis=0)])"),
        ("grads[::-1]", "list(grads)"),
    ),
    "Value with subclasses for the operations": """
        import math
        class Value:
            inputs = ()
            def __init__(self, data):
                self.data, self.grad = float(data), 0.0
            def __add__(self, o): return Op(self.data + v(o).data, [(self, 1), (v(o), 1)])
            def __mul__(self, o): o = v(o); return Op(self.data * o.data, [(self, o.data), (o, self.data)])
            def __neg__(self): return -1 * self
            def __sub__(self, o): return self + (-v(o))
            def __truediv__(self, o): return self * v(o).reciprocal()
            def reciprocal(self): return Op(1 / self.data, [(self, -1 / self.data**2)])
            def __pow__(self, o):
                if isinstance(o, Value):
                    return (o * self.log()).exp()
                return Op(self.data**o, [(self, o * self.data ** (o - 1))])
            def __radd__(self, o): return v(o) + self
            def __rmul__(self, o): return v(o) * self
            def __rsub__(self, o): return v(o) - self
            def __rtruediv__(self, o): return v(o) / self
            def __rpow__(self, o): return v(o) ** self
            def log(self): return Op(math.log(self.data), [(self, 1 / self.data)])
            def exp(self): return Op(math.exp(self.data), [(self, math.exp(self.data))])
            def tanh(self): return 1 - 2 / ((2 * self).exp() + 1)
            def relu(self): return self if self.data > 0 else 0 * self
            def backward(self):
                users, todo, seen = {id(self): 0}, [self], {id(self)}
                while todo:
                    for parent, _ in todo.pop().edges():
                        users[id(parent)] = users.get(id(parent), 0) + 1
                        if id(parent) not in seen:
                            seen.add(id(parent))
                            todo.append(parent)
                self.grad, ready = 1.0, [self]
                while ready:
                    node = ready.pop()
                    for parent, slope in node.edges():
                        parent.grad += node.grad * slope
                        users[id(parent)] -= 1
                        if not users[id(parent)]:
                            ready.append(parent)
            def edges(self): return self.inputs
        class Op(Value):
            def __init__(self, data, inputs):
                super().__init__(data)
                self.inputs = inputs
        v = lambda o: o if isinstance(o, Value) else Value(o)
        """,
    "Value with equality by number": changed(
        VALUE,
        ("    def __neg__", "    def __eq__(self, other):\n        return self is other\n\n"
         "    __hash__ = object.__hash__\n\n    def __neg__"),
    ),
    "Value with gradients set back at the start": changed(
        VALUE, ("        self.grad = 1.0\n        for", "        for node in order:\n            node.grad = 0.0\n"
                "        self.grad = 1.0\n        for")
    ),
    "Value with 0-d arrays": changed(
        VALUE, ("float(data)", "np.array(data, dtype=float)"), ("self.grad = 0.0", "self.grad = np.zeros(())"),
    ),
    "Value with slots": changed(
        VALUE, ("    def __init__", "    __slots__ = ('data', 'grad', 'parents')\n\n    def __init__")
    ),
    "sgd_step through one flat vector": """
        def sgd_step(params, grads, lr):
            flat = lambda pairs: np.concatenate([np.ravel(a) for pair in pairs for a in pair]).astype(float)
            theta, new, at = flat(params) - lr * flat(grads), [], 0
            for pair in params:
                new.append([])
                for a in pair:
                    new[-1].append(theta[at : at + a.size].reshape(a.shape))
                    at += a.size
            return new
        """,
    "sgd_step into a copy of the list": """
        def sgd_step(params, grads, lr):
            new = params[:]
            for i, (dW, db) in enumerate(grads):
                new[i] = (new[i][0] - lr * dW, new[i][1] - lr * db)
            return new
        """,
    "sgd_step with map": """
        def sgd_step(params, grads, lr):
            moved = lambda pair, slopes: tuple(np.subtract(a, np.multiply(lr, d)) for a, d in zip(pair, slopes))
            return list(map(moved, params, grads))
        """,
    "minibatches by choice without replacement": """
        def minibatches(X, y, batch_size, rng):
            order = iter(rng.choice(len(X), len(X), replace=False).tolist())
            from itertools import islice
            while rows := list(islice(order, batch_size)):
                yield X[rows], y[rows]
        """,
    "minibatches in one buffer": """
        def minibatches(X, y, batch_size, rng):
            order, size = rng.permutation(len(X)), min(batch_size, len(X))
            A, b = X[:size].copy(), y[:size].copy()
            for i in range(0, len(X), size):
                rows = order[i : i + size]
                A[: len(rows)], b[: len(rows)] = X[rows], y[rows]
                yield A[: len(rows)], b[: len(rows)]
        """,
    "minibatches by shuffling pairs": """
        def minibatches(X, y, batch_size, rng):
            pairs = list(zip(X, y))
            pairs = [pairs[i] for i in rng.permutation(len(pairs))]
            return [tuple(map(np.array, zip(*pairs[i : i + batch_size]))) for i in range(0, len(pairs), batch_size)]
        """,
    "minibatches with a seed drawn from rng": """
        def minibatches(X, y, batch_size, rng):
            seed = int(rng.integers(2**32))
            A, b = X.copy(), y.copy()
            np.random.default_rng(seed).shuffle(A)
            np.random.default_rng(seed).shuffle(b)
            while len(A):
                yield A[:batch_size], b[:batch_size]
                A, b = A[batch_size:], b[batch_size:]
        """,
}  # fmt: skip

BY_PYTORCH = {
    "graph_gradients": """
        def graph_gradients(x, y, z):
            x, y, z = (torch.tensor(float(v), dtype=torch.float64, requires_grad=True) for v in (x, y, z))
            f = (x + y) * z
            f.backward()
            return f, x.grad, y.grad, z.grad
        """,
    "dense_backward": """
        def dense_backward(X, W, b, G):
            X, W, b, G = (torch.tensor(np.array(a, dtype=float), requires_grad=True) for a in (X, W, b, G))
            return torch.autograd.grad(X @ W + b, (X, W, b), G)
        """,
    "relu_backward": """
        def relu_backward(Z, G):
            Z, G = (torch.tensor(np.array(a, dtype=float), requires_grad=True) for a in (Z, G))
            return torch.autograd.grad(torch.relu(Z), Z, G)[0]
        """,
    "mlp_loss_and_gradients": """
        def mlp_loss_and_gradients(params, X, labels):
            leaves = [[torch.tensor(np.array(a, dtype=float), requires_grad=True) for a in pair] for pair in params]
            a = torch.tensor(np.array(X, dtype=float))
            for i, (W, b) in enumerate(leaves):
                a = (torch.relu(a) if i else a) @ W + b
            loss = torch.nn.functional.cross_entropy(a, torch.tensor(np.array(labels, dtype=int)))
            loss.backward()
            return loss, [(W.grad, b.grad) for W, b in leaves]
        """,
    "Value": """
        class Value:
            def __init__(self, data):
                made = isinstance(data, torch.Tensor)
                self.t = data if made else torch.tensor(float(data), dtype=torch.float64, requires_grad=True)
                self.t.retain_grad()
            data = property(lambda self: self.t.item())
            grad = property(lambda self: self.t.grad.item())
            def backward(self): self.t.backward()
        raw = lambda a: a.t if isinstance(a, Value) else a
        for name in "add sub mul truediv pow radd rsub rmul rtruediv rpow".split():
            method = getattr(torch.Tensor, f"__{name}__")
            setattr(Value, f"__{name}__", lambda self, other, method=method: Value(method(self.t, raw(other))))
        for name in ("exp", "tanh", "relu", "__neg__"):
            setattr(Value, name, lambda self, method=getattr(torch.Tensor, name): Value(method(self.t)))
        """,
}

OTHER_HANDWRITING = {
    "graph_gradients local slopes only": "graph_gradients = lambda x, y, z: [(x + y) * z, 1, 1, y + x]",
    "dense_backward mean instead of sum": """
        def dense_backward(X, W, b, G):
            n = X.shape[0]
            return np.dot(G, W.T), np.dot(X.T, G) / n, np.sum(G, 0) / n
        """,
    "dense_backward bias summed over the units": """
        dense_backward = lambda X, W, b, G: (np.einsum("no,io->ni", G, W), np.einsum("ni,no->io", X, G), np.sum(G, -1))
        """,
    "dense_backward W not transposed": "dense_backward = lambda X, W, b, G: (np.dot(G, W), np.dot(X.T, G), G.sum(0))",
    "relu_backward work in the caller's array": """
        def relu_backward(Z, G):
            dZ = G
            dZ[Z <= 0] = 0
            return dZ
        """,
    "relu_backward slope one at zero": "relu_backward = lambda Z, G: np.where(Z < 0, 0, G)",
    "relu_backward mask from the upstream gradient": "relu_backward = lambda Z, G: np.maximum(G, 0)",
    "dense_backward everything averaged": """
        def dense_backward(X, W, b, G):
            n = X.shape[0]
            return np.dot(G, W.T) / n, np.dot(X.T, G) / n, np.mean(G, axis=0)
        """,
    "mlp_loss_and_gradients gradients never averaged": """
        def mlp_loss_and_gradients(params, X, labels):
            hs = [X]
            for W, b in params[:-1]:
                hs.append(np.maximum(0, hs[-1].dot(W) + b))
            W, b = params[-1]
            z = hs[-1].dot(W) + b
            z = z - np.max(z, 1)[:, None]
            logp = z - np.log(np.exp(z).sum(1))[:, None]
            loss = -np.mean([logp[i, c] for i, c in enumerate(labels)])
            d = np.exp(logp) - (np.arange(z.shape[1]) == np.asarray(labels)[:, None])
            out = []
            for h, (W, b) in zip(hs[::-1], params[::-1]):
                out = [(h.T.dot(d), d.sum(0))] + out
                d = d.dot(W.T) * (h > 0)
            return loss, out
        """,
    "mlp_loss_and_gradients softmax overflows": """
        def mlp_loss_and_gradients(params, X, labels):
            hs = [X]
            for W, b in params[:-1]:
                hs.append(np.maximum(0, hs[-1].dot(W) + b))
            W, b = params[-1]
            e = np.exp(hs[-1].dot(W) + b)
            p = e / e.sum(1)[:, None]
            loss = -np.log(p[range(len(X)), labels]).mean()
            p[range(len(X)), labels] -= 1
            d, out = p / len(X), []
            for h, (W, b) in zip(hs[::-1], params[::-1]):
                out.insert(0, (h.T.dot(d), d.sum(0)))
                d = d.dot(W.T) * (h > 0)
            return loss, out
        """,
    "Value gradients overwritten": """
        class Value:
            def __init__(self, data, _children=()):
                self.data, self.grad, self._prev, self._backward = data * 1.0, 0.0, _children, lambda: None
            def _new(self, data, *edges):
                out = Value(data, [child for child, _ in edges])
                def _backward():
                    for child, slope in edges:
                        child.grad = slope * out.grad
                out._backward = _backward
                return out
            def _v(self, o): return o if isinstance(o, Value) else Value(o)
            def __add__(self, o): o = self._v(o); return self._new(self.data + o.data, (self, 1), (o, 1))
            def __sub__(self, o): o = self._v(o); return self._new(self.data - o.data, (self, 1), (o, -1))
            def __mul__(self, o): o = self._v(o); return self._new(self.data * o.data, (self, o.data), (o, self.data))
            def __truediv__(self, o):
                o = self._v(o)
                return self._new(self.data / o.data, (self, 1 / o.data), (o, -self.data / o.data**2))
            def __pow__(self, o):
                if not isinstance(o, Value):
                    return self._new(self.data**o, (self, o * self.data ** (o - 1)))
                y = self.data**o.data
                return self._new(y, (self, o.data * y / self.data), (o, y * np.log(self.data)))
            def __neg__(self): return self._new(-self.data, (self, -1))
            def __radd__(self, o): return self + o
            def __rmul__(self, o): return self * o
            def __rsub__(self, o): return Value(o) - self
            def __rtruediv__(self, o): return Value(o) / self
            def __rpow__(self, o): return Value(o) ** self
            def exp(self): return self._new(np.exp(self.data), (self, np.exp(self.data)))
            def tanh(self): return self._new(np.tanh(self.data), (self, 1 - np.tanh(self.data) ** 2))
            def relu(self): return self._new(self.data * (self.data > 0), (self, self.data > 0))
            def backward(self):
                topo, seen = [], set()
                def build(v):
                    if v not in seen:
                        seen.add(v)
                        for c in v._prev:
                            build(c)
                        topo.append(v)
                build(self)
                self.grad = 1
                for v in topo[::-1]:
                    v._backward()
        """,
    "Value numbers on the left refused": changed(
        VALUE, *((f"def __{name}__", f"def other_{name}") for name in ("radd", "rmul", "rsub", "rtruediv", "rpow"))
    ),
    "sgd_step uphill": """
        sgd_step = lambda params, grads, lr: [tuple(a + lr * d for a, d in zip(p, g)) for p, g in zip(params, grads)]
        """,
    "sgd_step work in the caller's arrays": """
        def sgd_step(params, grads, lr):
            for i in range(len(params)):
                params[i][0][...] -= lr * grads[i][0]
                params[i][1][...] -= lr * grads[i][1]
            return list(params)
        """,
    "sgd_step work in the caller's list": """
        def sgd_step(params, grads, lr):
            for i in range(len(params)):
                params[i] = [p - lr * g for p, g in zip(params[i], grads[i])]
            return params
        """,
    "sgd_step bias never moved": """
        sgd_step = lambda params, grads, lr: [(p[0] - lr * g[0], p[1] * 1.0) for p, g in zip(params, grads)]
        """,
    "minibatches rest dropped": """
        def minibatches(X, y, batch_size, rng):
            rows, at = rng.permutation(len(y)), 0
            while at + batch_size <= len(y):
                yield X[rows[at : at + batch_size]], y[rows[at : at + batch_size]]
                at += batch_size
        """,
    "minibatches drawn with replacement": """
        def minibatches(X, y, batch_size, rng):
            left = len(X)
            while left > 0:
                rows = rng.choice(len(X), min(left, batch_size))
                yield X[rows], y[rows]
                left -= batch_size
        """,
    "minibatches X and y shuffled by different orders": """
        def minibatches(X, y, batch_size, rng):
            X, y = X.copy(), y.copy()
            rng.shuffle(X)
            rng.shuffle(y)
            return ((X[i : i + batch_size], y[i : i + batch_size]) for i in range(0, len(X), batch_size))
        """,
    "minibatches NumPy's global random numbers": """
        def minibatches(X, y, batch_size, rng):
            rows = np.arange(len(X))
            np.random.shuffle(rows)
            for part in np.split(rows, range(batch_size, len(X), batch_size)):
                yield X[part], y[part]
        """,
    "minibatches a generator of its own": """
        def minibatches(X, y, batch_size, rng):
            import random
            rows = random.sample(range(len(X)), len(X))
            for part in np.split(rows, range(batch_size, len(X), batch_size)):
                yield X[part], y[part]
        """,
    "minibatches a seed of its own": """
        def minibatches(X, y, batch_size, rng):
            rng = np.random.default_rng(42)
            rows = rng.permutation(len(X))
            for part in np.split(rows, range(batch_size, len(X), batch_size)):
                yield X[part], y[part]
        """,
}


@pytest.mark.parametrize("name", BY_PYTORCH)
def test_what_is_expected_is_what_autograd_gives(name: str) -> None:
    result = SET.questions[name].grade_source("import torch\n" + dedented(BY_PYTORCH[name]))
    assert [case.message for case in result.cases if case.message] == []


@pytest.mark.parametrize(
    "source",
    [
        "from course_lib.reference.graph import Tensor as Value",
        "import course_lib.reference.graph as g\nValue = g.Tensor",
    ],
)
def test_borrowed_class_is_refused(source: str) -> None:
    checks = load_checks(ROOT / "exercises" / SET.name / "checks.json")
    message = checks.message(checks.questions["Value"], run_source(source))
    assert message is not None and "write it yourself" in message


@pytest.mark.parametrize("name", ["dense_backward", "relu_backward", "mlp_loss_and_gradients", "sgd_step"])
def test_cases_cover_whole_numbers_single_precision_and_protected_arrays(name: str) -> None:
    cases = SET.questions[name].cases
    arrays = [array for case in cases for array in arrays_in(list(case.inputs.values()))]
    assert any(array.dtype == np.float32 for array in arrays)
    assert any(array.dtype.kind == "i" and array.ndim > 1 for array in arrays)
    assert {case.layout for case in cases} == {"plain", "read-only", "strided"}


def arrays_in(value: object) -> list[np.ndarray]:
    if isinstance(value, list | tuple):
        return [array for item in value for array in arrays_in(item)]
    return [value] if isinstance(value, np.ndarray) else []


def test_no_argument_of_relu_lies_where_rounding_could_decide() -> None:
    """Exactly 0 where a case is about 0, else far from it, so that every right answer masks the same entries."""
    for case in SET.questions["mlp_loss_and_gradients"].cases:
        a = np.asarray(case.inputs["X"], dtype=float)
        for W, b in case.inputs["params"][:-1]:
            s = a @ W + b
            exact = "exactly 0" in case.about
            assert np.abs(s[s != 0] if exact else s).min() > 1e-4, case.describe()
            assert exact == (s == 0).any()
            a = np.maximum(s, 0)


@pytest.mark.parametrize("name", ["softmax overflows", "logarithm of zero", "an extra epsilon"])
def test_stability_is_worth_less_than_half(name: str) -> None:
    """An answer that overflows has understood backpropagation."""
    question = SET.questions["mlp_loss_and_gradients"]
    source = next(source for known, source in question.misconceptions if known.name == name)
    assert question.points / 2 < question.grade_source(source).points < question.points


@pytest.mark.parametrize("draws", range(20))
def test_any_shuffle_passes_whatever_order_it_draws(draws: int) -> None:
    """A case on the order must not fail by bad luck: a right answer gets full marks with any stream of numbers."""
    source = f"""
        def minibatches(X, y, batch_size, rng):
            rng.random({draws})
            order = rng.permutation(len(X))
            for i in range(0, len(X), batch_size):
                yield X[order[i : i + batch_size]], y[order[i : i + batch_size]]
        """
    assert SET.questions["minibatches"].grade_source(dedented(source)).points == 4


@pytest.mark.parametrize("body", ["pass", "def __init__(self, data): self.data = data"])
def test_class_that_is_not_finished_is_not_said_to_refuse_numbers_on_the_left(body: str) -> None:
    result = SET.questions["Value"].grade_source(f"class Value:\n    {body}")
    assert (result.points, result.misconceptions) == (0, ())


def test_samples_moved_in_place_are_no_generator_of_its_own() -> None:
    source = """
        def minibatches(X, y, batch_size, rng):
            rng.shuffle(X)
            rng.shuffle(y)
            for i in range(0, len(X), batch_size):
                yield X[i : i + batch_size], y[i : i + batch_size]
        """
    names = [known.name for known in SET.questions["minibatches"].grade_source(dedented(source)).misconceptions]
    assert "a generator of its own" not in names


@pytest.mark.parametrize("nothing", ["None", "[]", "iter(())"])
def test_no_batches_are_no_misconception_about_shuffling(nothing: str) -> None:
    result = SET.questions["minibatches"].grade_source(f"minibatches = lambda X, y, batch_size, rng: {nothing}")
    assert result.points < 1
    assert result.misconceptions == ()


@pytest.mark.parametrize(("part", "lost"), [("[0]", "dX"), ("[1]", "dW"), ("[2]", "db")])
def test_one_wrong_gradient_of_three_leaves_some_credit(part: str, lost: str) -> None:
    right = {"dX": "G @ W.T", "dW": "X.T @ G", "db": "G.sum(axis=0)"}
    right[lost] = f"-({right[lost]})"
    question = SET.questions["dense_backward"]
    result = question.grade_source(f"dense_backward = lambda X, W, b, G: ({', '.join(right.values())})")
    passed = [graded.message is None for graded in result.cases]
    expected = [case.code.endswith("]") and not case.code.endswith(part) for case in question.cases]
    assert passed == expected
    assert result.points > 1


@pytest.mark.parametrize("name", [name for name in SET.questions if name != "minibatches"])
def test_solution_gives_floats_for_whole_numbers_too(name: str) -> None:
    question = SET.questions[name]
    for source in (question.reference_source, in_notebook(the_notebook(ROOT / "solutions" / SET.name), question)):
        for case, outcome in zip(question.cases, question.outcomes(source), strict=True):
            single = any(number.dtype == np.float32 for number in numbers_in(list(case.inputs.values())))
            dtypes = {number.dtype for number in numbers_in(outcome.value)}
            assert single or dtypes <= {np.dtype(float)}, case.describe()


def numbers_in(value: object) -> list[np.ndarray]:
    if isinstance(value, list | tuple):
        return [number for item in value for number in numbers_in(item)]
    return [] if isinstance(value, str) else [np.asarray(value)]
