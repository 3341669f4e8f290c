"""Names of layers that PyTorch needs for itself.

A layer is stored under any name, and its weights bear it in the state dict. Tools that write `self.NAME` into the code
that they make find something else there, or no name at all.
"""

from __future__ import annotations

from collections.abc import Iterator
from keyword import iskeyword

from archdsl.analyses.lints.checked import Body, Checked, everywhere, place
from archdsl.diagnostics import Diagnostic, Problem
from archdsl.graph.nodes import Apply, Call

_PUBLIC = """
    T_destination add_module apply bfloat16 buffers call_super_init children compile cpu cuda double dump_patches eval
    extra_repr float forward get_buffer get_extra_state get_parameter get_submodule half ipu load_state_dict modules
    mtia named_buffers named_children named_modules named_parameters parameters register_backward_hook register_buffer
    register_forward_hook register_forward_pre_hook register_full_backward_hook register_full_backward_pre_hook
    register_load_state_dict_post_hook register_load_state_dict_pre_hook register_module register_parameter
    register_state_dict_post_hook register_state_dict_pre_hook requires_grad_ set_extra_state set_submodule share_memory
    state_dict to to_empty train training type xpu zero_grad
"""
_PRIVATE = """
    _apply _backward_hooks _backward_pre_hooks _buffers _call_impl _compiled_call_impl _forward_hooks
    _forward_hooks_always_called _forward_hooks_with_kwargs _forward_pre_hooks _forward_pre_hooks_with_kwargs
    _get_backward_hooks _get_backward_pre_hooks _get_name _is_full_backward_hook _load_from_state_dict
    _load_state_dict_post_hooks _load_state_dict_pre_hooks _maybe_warn_non_full_backward_hook _modules _named_members
    _non_persistent_buffers_set _parameters _register_load_state_dict_pre_hook _register_state_dict_hook
    _replicate_for_data_parallel _save_to_state_dict _slow_forward _state_dict_hooks _state_dict_pre_hooks _version
    _wrapped_call_impl
"""

MODULE_ATTRIBUTES = frozenset((_PUBLIC + _PRIVATE).split())
"""What torch's modules answer to."""


class ReservedName(Problem):
    """A layer with a name that PyTorch or Python has for something else.

        train = conv(64, kernel=3)      # warning[reserved-name]
        stem = conv(64, kernel=3)       # good

    Weights load and save under the name, and the network runs, trains and compiles. What traces it into code of its own
    does not find the layer: `torch.fx`, `torch.export`, and with them ONNX and pipelining. Where public weights have
    the name, keep it, and allow it: `# allow: reserved-name`.
    """

    code = "reserved-name"
    severity = "warning"
    message = "{name} is {owner}: torch.export finds no layer of that name"
    name: str
    owner: str

    def help(self) -> str:
        return f"give the layer another name, such as {self.name.strip('_')}_layer"


def reserved(checked: Checked) -> Iterator[Diagnostic]:
    def rule(node: Apply | Call, body: Body) -> Diagnostic | None:
        if node.span is None or node.key is None:
            return None
        if node.key not in MODULE_ATTRIBUTES and not iskeyword(node.key):
            return None
        stage = checked.stages.get(place(node.span))
        names = [name for name in stage.link.names if name.parts == (node.key,)] if stage else []
        owner = "a word of Python's" if iskeyword(node.key) else "an attribute of every torch.nn.Module"
        return Diagnostic(ReservedName(node.key, owner), names[0].span if names else node.span)

    return everywhere(checked, rule)
