"""What torch.compile must not do to a model that is trained by AID."""
import torch._functorch.config


def keep_compiled_graphs() -> None:
    """Let backward passes through compiled code keep their graph.

    By default a compiled backward overwrites what the forward saved, so that
    it can run only once; T backward passes over one graph then fail. This
    is decided when something compiles, so call it before the first forward.
    What is not compiled does not change.
    """
    torch._functorch.config.donated_buffer = False
