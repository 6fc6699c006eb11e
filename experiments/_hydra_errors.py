"""Hydra's refusals in this project's words: where, what, what is allowed, what to do."""

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import yaml
from hydra import compose, initialize_config_dir
from hydra.core.global_hydra import GlobalHydra
from hydra.errors import HydraException, MissingConfigException, OverrideParseException
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from engine.errors import InputError
from engine.spec.explain import nearest
from engine.spec.kinds import OTHERS
from experiments._sources import CONF

_FORMS = "key=value, group=option, +key=value to add, ~key to leave out"


def translate(error: BaseException, command: str, words: Sequence[str]) -> InputError:
    """Return the mistake behind an error of Hydra or OmegaConf.

    Parameters
    ----------
    error : what was raised.
    command : the name of its config.
    words : the command line.
    """
    if isinstance(error, OverrideParseException):
        return _unreadable(error)
    if isinstance(error, MissingConfigException):
        return _unknown_option(error)
    return (
        _no_yaml(error)
        if isinstance(error, yaml.MarkedYAMLError)
        else _by_text(error, command, words)
    )


def check_not_empty(config: DictConfig) -> None:
    """Refuse a chosen file that is empty, instead of listing all that it lacks.

    Parameters
    ----------
    config : all of a command's config, Hydra's settings included.

    Raises
    ------
    InputError
        Naming the file.
    """
    for choice, option in config.hydra.runtime.choices.items():
        group, _, package = str(choice).partition("@")
        if not group.startswith("hydra/") and OmegaConf.select(config, package or group) == {}:
            raise InputError(
                package or group,
                f"the file {group}/{option}.yaml is empty",
                "the keys of this group, or defaults: [a file to build on]",
                f"fill it; --cfg job with another {group} shows what belongs there",
            )


def _by_text(error: BaseException, command: str, words: Sequence[str]) -> InputError:
    """Tell the refusals of Hydra that have no kind of their own."""
    text, cause = str(error) or str(error.__cause__), error.__cause__
    quoted = (re.findall(r"'([^']*)'", text) or [""])[0]
    if text.startswith("Could not override") and isinstance(cause, OmegaConfBaseException):
        return _unknown_key(quoted, cause, _known_keys(quoted, command, words))
    if "No match in the defaults list" in text:
        allowed = "the groups in the defaults of this command's file in conf/"
        added = f"add it, of experiments.compare: +{quoted}=NAME"
        remedy = added if quoted == "experiment" else "leave it out"
        return InputError(quoted, "this command does not use the group", allowed, remedy)
    if text.startswith("Ambiguous value"):
        key, _, values = quoted.partition("=")
        remedy = f"add -m for one run per value, or give a list: {key}=[{values}]"
        return InputError(key, f"got several values {values!r}", "one value", remedy)
    if "Could not override" in text and "To append to your default list" in text:
        return _elsewhere(quoted, text)
    first, *rest = text.splitlines() or [type(error).__name__]
    return InputError("command line", first, _FORMS, " ".join(rest).strip() or "see --help")


def _no_yaml(error: yaml.MarkedYAMLError) -> InputError:
    mark = error.problem_mark or error.context_mark
    place = f"{mark.name}, line {mark.line + 1}, column {mark.column + 1}" if mark else "config"
    problem = error.problem or error.context or "cannot be read"
    return InputError(
        place, f"is no YAML: {problem}", "key: value, lists in [], mappings in {}", "correct it"
    )


def _elsewhere(group: str, text: str) -> InputError:
    """Tell of a group that the command has under other keys only, as `policy@policies.NAME`."""
    typed = re.search(rf"\+{re.escape(group)}=(\S+)", text)
    option = typed.group(1) if typed else "OPTION"
    group, _, key = group.partition("@")
    places = re.findall(
        rf"{re.escape(group)}@[\w.]+", text.partition("Did you mean")[2].partition("\n")[0]
    )
    parents = sorted({place.rpartition(".")[0] for place in places if "." in place})
    name = re.sub(r"\W", "_", key.rpartition(".")[2] or option)
    examples = " or ".join(f"+{parent}.{name}={option}" for parent in parents)
    return InputError(
        f"{group}@{key}" if key else group,
        "this command has none under that key"
        if key
        else "this command has several of this group, each under a key of its own",
        ", ".join(places),
        f"add one: {examples}" if examples else "see --help",
    )


def _unreadable(error: OverrideParseException) -> InputError:
    reason = str(error.message).splitlines()[0].partition(" expecting ")[0]
    return InputError(
        str(error.override),
        f"cannot be read ({reason})",
        _FORMS,
        "quote a value with spaces or special characters twice: 'key=\"the value\"'",
    )


def _unknown_option(error: MissingConfigException) -> InputError:
    group, _, name = str(error.missing_cfg_file).rpartition("/")
    options = list(error.options or ())
    if not options:
        what = str(error).splitlines()[0]
        return InputError(group or "command line", what, "a config that exists", "see --help")
    match = nearest(name, options)
    return InputError(
        group,
        f"there is no option {name!r}",
        ", ".join(options),
        f"did you mean {group}={match}?" if match else f"choose one, e.g. {group}={options[0]}",
    )


def _unknown_key(where: str, cause: OmegaConfBaseException, known: list[str]) -> InputError:
    parent = cause.parent_node
    beside = [str(key) for key in parent] if isinstance(parent, DictConfig) else []
    named = [key for key in beside if key != OTHERS]
    if OTHERS in beside and not nearest(where.rpartition(".")[2], named):
        what, allowed = "is not named here: others stands for it", "a kind of the scenario"
        return InputError(where, what, allowed, f"add it: +{where}=...")
    match = _nearest_path(where, known)
    return InputError(
        where,
        "unknown key",
        ", ".join(key for key in beside if key != "hydra") or "see --cfg job",
        f"did you mean {match}?" if match else "see --cfg job for all keys",
    )


def _known_keys(where: str, command: str, words: Sequence[str]) -> list[str]:
    """Return the dotted keys of the command's config; Hydra's own settings are not offered.

    The config is composed again without the override that was refused, and without any if
    that does not do.
    """
    overrides = [word for word in words if not word.startswith("-")]
    others = [word for word in overrides if word.partition("=")[0].lstrip("+~") != where]
    for tried in (others, []):
        try:
            with _hydra():
                config = compose(command, tried)
        except (HydraException, OmegaConfBaseException, yaml.YAMLError):
            continue
        tree = OmegaConf.to_container(config, resolve=False)
        return list(_paths(tree, "")) if isinstance(tree, dict) else []
    return []


def _hydra() -> AbstractContextManager[None]:
    """Let `compose` be called, whether or not Hydra is at work."""
    if GlobalHydra.instance().is_initialized():
        return nullcontext()
    started: AbstractContextManager[None] = initialize_config_dir(str(CONF), version_base="1.3")
    return started


def _nearest_path(where: str, known: list[str]) -> str | None:
    """Find a key misspelt in its last part, then one whose beginning was left out."""
    parent, _, name = where.rpartition(".")
    beside = {path.rpartition(".")[2]: path for path in known if path.rpartition(".")[0] == parent}
    sibling = nearest(name, beside)
    if sibling:
        return beside[sibling]
    ends = [path for path in known if path.endswith(f".{where}")]
    return min(ends, key=len) if ends else nearest(where, known)


def _paths(tree: Mapping[Any, Any], root: str) -> Iterator[str]:
    for key, entry in tree.items():
        path = f"{root}.{key}" if root else str(key)
        yield path
        if isinstance(entry, Mapping):
            yield from _paths(entry, path)
