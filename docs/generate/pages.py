"""The generated pages by name. Each is the same text as long as the code is the same."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from docs.generate.capabilities import capabilities_page
from docs.generate.commands import commands_page
from docs.generate.configuration import configuration_page

PAGES: Mapping[str, Callable[[], str]] = MappingProxyType(
    {"commands.md": commands_page, "providers.md": capabilities_page, "configuration.md": configuration_page}
)
