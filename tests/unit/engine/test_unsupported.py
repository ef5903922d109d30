"""What a program may use: done as with the Pulumi CLI, or refused in one line by its name."""

import pulumi
import pytest

from tests.marks import needs_pulumi
from tests.unit.engine.realcli import pulumi_up, settled
from tests.unit.engine.sandbox import Sandbox

IMPORTS = """\
import pulumi
from plainfiles import File, FileProvider, Folder
from pulumi import ResourceHookBinding, ResourceOptions
from pulumi.runtime.settings import register_package


class Provider(pulumi.ProviderResource):
    pass


async def packaged():
    return {"x": await register_package("base", "1.0.0", "", "pkg", "1.0.0", "")}


def change(args):
    return pulumi.ResourceTransformationResult({**args.props, "text": "changed"}, args.opts)


"""
A = "a (test:File)"
URN = "urn:pulumi:dev::sandbox::pulumi-python:dynamic/test:File::a"
HOOKED = "File('a', {{'text': 'x'}}, ResourceOptions(hooks=ResourceHookBinding({})))"

OPTIONS = {
    "additional_secret_outputs": "['text']",
    "aliases": "[pulumi.Alias(name='z')]",
    "custom_timeouts": "pulumi.CustomTimeouts(create='1m')",
    "delete_before_replace": "False",
    "deleted_with": "File('b', {'text': 'y'})",
    "env_var_mappings": "{'A': 'B'}",
    "hide_diffs": "['text']",
    "import_": "'a'",
    "plugin_download_url": "'https://elsewhere'",
    "replace_on_changes": "['text']",
    "replace_with": "[File('b', {'text': 'y'})]",
    "replacement_trigger": "1",
    "state_migrations": "[lambda args: None]",
    "transforms": "[lambda args: None]",
    "version": "'1.0.0'",
}
"""Options that are refused, each with a value."""
DONE = {
    "depends_on", "ignore_changes", "parent", "protect", "retain_on_delete", "transformations"
}  # fmt: skip
"""Options that are done: test_options.py, test_options_beside_pulumi.py, and SAME below."""
OTHERWISE_REFUSED = {"hooks", "id", "provider", "providers", "urn"}
"""Options that are refused, as REFUSED has it."""

REFUSED: dict[str, tuple[str, str, str]] = {
    "a hook": (
        HOOKED.format("after_create=[lambda args: None]"), A, "the option hooks",
    ),
    "a hook of its own": (
        "hook = pulumi.ResourceHook('h', lambda args: None)\n"
        + HOOKED.format("before_delete=[hook]"), A, "the option hooks",
    ),
    "an error hook": (
        "hook = pulumi.ErrorHook('h', lambda args: False)\n" + HOOKED.format("on_error=[hook]"),
        A, "the option hooks",
    ),
    "a provider": (
        "File('a', {'text': 'x'}, ResourceOptions(provider=Provider('pulumi-python', 'p', {})))",
        "p (pulumi:providers:pulumi-python)", "the type pulumi:providers:pulumi-python",
    ),
    "providers": (
        "Folder('f', 'l', 'Folder', ResourceOptions(providers=[Provider('pkg', 'p', {})]))",
        "p (pulumi:providers:pkg)", "the type pulumi:providers:pkg",
    ),
    "a resource that isn't dynamic": (
        "pulumi.CustomResource('pkg:index:Thing', 'a', {})",
        "a (pkg:index:Thing)", "the type pkg:index:Thing",
    ),
    "a remote component": (
        "pulumi.ComponentResource('pkg:index:Box', 'b', {}, remote=True)",
        "b (pkg:index:Box)", "the remote component pkg:index:Box",
    ),
    "an option of a component": (
        "Folder('f', 'l', 'Folder', ResourceOptions(transforms=[lambda args: None]))",
        "f (test:index:Folder)", "the option transforms",
    ),
    "another stack": (
        "stack = pulumi.StackReference('organization/x/dev')\n"
        "pulumi.export('x', stack.get_output('x'))",
        "the program",
        "the existing resource organization/x/dev of type pulumi:pulumi:StackReference",
    ),
    "an existing resource": (
        "pulumi.CustomResource('pkg:index:Thing', 'a', {}, ResourceOptions(id='a'))",
        "the program", "the existing resource a of type pkg:index:Thing",
    ),
    "an existing resource by its URN": (
        f"File('a', {{'text': 'x'}}, ResourceOptions(urn={URN!r}))",
        "the program", "the function pulumi:pulumi:getResource",
    ),
    "a property path": (
        "File('a', {'text': 'x'}, ResourceOptions(ignore_changes=['text', 'size.port']))",
        A, "the property path size.port in ignore_changes",
    ),
    "an invoke": (
        "pulumi.runtime.invoke('pkg:index:ask', {})",
        "the program", "the function pkg:index:ask",
    ),
    "an invoke with outputs": (
        "pulumi.export('x', pulumi.runtime.invoke_output('pkg:index:ask', {}))",
        "the program", "the function pkg:index:ask",
    ),
    "a call": (
        "pulumi.export('x', pulumi.runtime.call('pkg:index:do', {}, Folder('f', 'l', 'Folder', "
        "ResourceOptions())))",
        "the program", "the method pkg:index:do",
    ),
    "a package": (
        "pulumi.run(packaged)", "the program", "the parameterized package of base",
    ),
    "a transform of all": (
        "pulumi.runtime.register_resource_transform(lambda args: None)",
        "the program", "register_resource_transform",
    ),
    "a transform of all invokes": (
        "pulumi.runtime.register_invoke_transform(lambda args: None)",
        "the program", "register_invoke_transform",
    ),
    "an asset of a component": (
        "Folder('f', pulumi.StringAsset('s'), 'Folder', ResourceOptions())",
        "f (test:index:Folder)", "an asset or archive in label",
    ),
    "an asset as the stack's output": (
        "pulumi.export('x', pulumi.StringAsset('s'))",
        "sandbox-dev (pulumi:pulumi:Stack)", "an asset or archive in x",
    ),
}  # fmt: skip

ASSETS = [
    "pulumi.FileAsset('program.json')",
    "{'deep': [pulumi.StringAsset('s')]}",
    "pulumi.Output.secret(pulumi.RemoteAsset('https://elsewhere/x'))",
    "pulumi.AssetArchive({'a': pulumi.StringAsset('s')})",
]

SAME = {
    "a resource as an input": (
        "f = File('f', {'text': 'y'})\nFile('a', {'text': 'x', 'size': f})"
    ),
    "a component as an input": (
        "f = Folder('f', 'l', 'Folder', ResourceOptions())\nFile('a', {'text': 'x', 'size': f})"
    ),
    "a resource as the stack's output": "pulumi.export('a', File('a', {'text': 'x'}))",
    "a transformation": (
        "File('a', {'text': 'x'}, ResourceOptions(transformations=[change]))"
    ),
    "a transformation of all": (
        "pulumi.runtime.register_stack_transformation(change)\nFile('a', {'text': 'x'})"
    ),
    "a resource made of an output": (
        "a = File('a', {'text': 'x'})\na.text.apply(lambda text: File('b', {'text': text}))"
    ),
    "an asynchronous program": (
        "async def main():\n    return {'x': File('a', {'text': 'x'}).text}\npulumi.run(main)"
    ),
    "a hook that nothing uses": (
        "pulumi.ResourceHook('h', lambda args: None)\nFile('a', {'text': 'x'})"
    ),
    "time limits that say nothing": (
        "File('a', {'text': 'x'}, ResourceOptions(custom_timeouts=pulumi.CustomTimeouts()))"
    ),
    "what is said of the stack": (
        "pulumi.export('x', [pulumi.get_organization(), pulumi.get_project(), pulumi.get_stack(),"
        " pulumi.Config().require('world')])"
    ),
    "an error that is logged": "pulumi.log.error('not so')\nFile('a', {'text': 'x'})",
}  # fmt: skip


def let(sandbox: Sandbox, program: str) -> None:
    (sandbox.project / "__main__.py").write_text(f"{IMPORTS}{program}\n")


def refusal(sandbox: Sandbox) -> str:
    """Return the one line, the same in a preview, of a run that touches nothing but `b`."""
    shown, done = sandbox.preview(), sandbox.up()
    (line,) = done.log
    assert shown.log == [line]
    assert not done.told("failed")
    assert sandbox.live().keys() <= {"b"}
    return line


def sentence(where: str, what: str) -> str:
    remedy = "remove it, or use the Pulumi CLI for this stack"
    return f"{where}: uses {what}, which isn't supported in process; {remedy}"


def test_every_option_of_the_sdk_is_done_or_refused() -> None:
    known = set(vars(pulumi.ResourceOptions()))
    known = {"import_" if one == "import" else one for one in known if not one.startswith("_")}
    assert known == OPTIONS.keys() | DONE | OTHERWISE_REFUSED


@pytest.mark.parametrize("option", OPTIONS)
@pytest.mark.usefixtures("quick")
def test_an_option_is_refused_by_its_name(sandbox: Sandbox, option: str) -> None:
    let(sandbox, f"File('a', {{'text': 'x'}}, ResourceOptions({option}={OPTIONS[option]}))")
    assert refusal(sandbox) == sentence(A, f"the option {option}")


@pytest.mark.parametrize("case", REFUSED)
@pytest.mark.usefixtures("quick")
def test_a_feature_is_refused_by_its_name(
    sandbox: Sandbox, case: str, capfd: pytest.CaptureFixture[str]
) -> None:
    program, where, what = REFUSED[case]
    let(sandbox, program)
    assert refusal(sandbox) == sentence(where, what)
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize("asset", ASSETS)
@pytest.mark.usefixtures("quick")
def test_an_asset_is_refused_by_its_name(sandbox: Sandbox, asset: str) -> None:
    let(sandbox, f"File('a', {{'text': 'x', 'size': {asset}}})")
    assert refusal(sandbox) == sentence(A, "an asset or archive in size")


@needs_pulumi
def test_what_pulumi_made_with_an_asset_is_left_to_pulumi(sandbox: Sandbox) -> None:
    let(sandbox, "File('a', {'text': 'x', 'size': pulumi.StringAsset('s')})")
    pulumi_up(sandbox)
    done = sandbox.run("destroy")
    assert done.message("a").startswith(
        "an asset or archive in its state isn't supported in process; "
        "use the Pulumi CLI for this stack"
    )
    assert sandbox.live() == {"a": "x"}


@needs_pulumi
@pytest.mark.parametrize("case", SAME)
def test_what_isnt_refused_is_the_same_with_the_cli(sandbox: Sandbox, case: str) -> None:
    let(sandbox, SAME[case])
    assert sandbox.up().summary.succeeded
    ours, live = settled(sandbox), sandbox.live()
    sandbox.run("destroy")
    pulumi_up(sandbox)
    assert (settled(sandbox), sandbox.live()) == (ours, live)
    assert not sandbox.preview().summary.changed
