"""Wrappers around a module that its names do not show: in `state_dict` and `named_parameters` they are those without the wrapper."""


def hide_in_state_dict(module, attribute: str) -> None:
    """Leave an attribute that holds the wrapped module out of the keys of saved and loaded states."""
    part = attribute + "."

    def saved(mod, state_dict, prefix, local_metadata):
        for key in list(state_dict):
            if key.startswith(prefix + part):
                state_dict[prefix + key[len(prefix + part) :]] = state_dict.pop(key)
        return state_dict

    def loading(state_dict, prefix, *rest):
        for key in list(state_dict):
            if key.startswith(prefix) and not key.startswith(prefix + part):
                state_dict[prefix + part + key[len(prefix) :]] = state_dict.pop(key)

    module._register_state_dict_hook(saved)
    module._register_load_state_dict_pre_hook(loading)


def without(name: str, attribute: str) -> str:
    """A parameter's name without the wrapper."""
    return name.replace(attribute + ".", "")
