"""What is said of a trunk when it is created and when it is changed."""

from typing import Annotated, Literal

from pydantic import Field, SecretStr

from commands.core.base import Advanced, Fetched, LongText, Private, ServerCommand, ShownWith
from commands.core.phone_numbers import EMPTIED, PhoneNumbers, PrivateNumbers, written
from commands.core.sip_trunks import Country, Network, TrunkAddress
from providers.base import TrunkChanges, TrunkTransport

Direction = Literal["inbound", "outbound"]

_INBOUND = ShownWith("direction", "inbound")
_OUTBOUND = ShownWith("direction", "outbound")


class TrunkFields(ServerCommand):
    """Base of the commands that have them. What is None is not said; an empty text or list takes a thing away.

    A form shows what a trunk of its `direction` has; the commands have that field.
    """

    number: PhoneNumbers | None = Field(None, description="Your numbers there, such as +493012345678")
    address: Annotated[TrunkAddress | None, Fetched(is_host=True), _OUTBOUND] = Field(
        None, description="The telephone company's host, with :port where it is not 5060"
    )
    allow_address: Annotated[Annotated[tuple[Network, ...], EMPTIED] | None, _INBOUND] = Field(
        None, description="From where calls may come: IP addresses or networks"
    )
    username: str | None = Field(None, description="Name of the login, where the trunk has one")
    password: SecretStr | None = Field(None, description="Password of the login")
    transport: Annotated[Literal["auto", "udp", "tcp", "tls"] | None, Advanced(), _OUTBOUND] = Field(
        None, description="What SIP goes over"
    )
    country: Annotated[Country | None, Advanced(), _OUTBOUND] = Field(
        None, description="The country that is mostly called, in two letters, such as DE"
    )
    allow_number: Annotated[PrivateNumbers | None, Advanced(), _INBOUND, Private()] = Field(
        None, description="Only these numbers may call; any number by default"
    )
    metadata: Annotated[str | None, Advanced(), LongText(), Private()] = Field(
        None, description="Text for the application, kept with the trunk"
    )

    def changes(self, name: str | None) -> TrunkChanges:
        return TrunkChanges(
            name=name,
            numbers=written(self.number),
            address=self.address,
            transport=TrunkTransport(self.transport) if self.transport is not None else None,
            country=self.country,
            allowed_addresses=written(self.allow_address),
            allowed_numbers=written(self.allow_number),
            username=self.username,
            password=self.password,
            metadata=self.metadata,
        )
