"""The brand's shop, and what may be written to it without asking."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, SecretStr

from .kinds import CommaList, Group, nothing


class ShopSettings(Group):
    wordpress_url: str = Field(
        default="",
        validation_alias="WORDPRESS_URL",
        description="Address of the brand's WordPress, e.g. https://shop.example.com. Unset: the demo shop.",
    )
    wordpress_username: str = Field(
        default="",
        validation_alias="WORDPRESS_USERNAME",
        description="WordPress user the server acts as; role Shop manager (or Administrator).",
    )
    wordpress_app_password: SecretStr = Field(
        default=SecretStr(""),
        validation_alias="WORDPRESS_APP_PASSWORD",
        description="Application password of that user (Users → Profile → Application Passwords).",
    )
    woocommerce_key: SecretStr = Field(
        default=SecretStr(""),
        validation_alias="WOOCOMMERCE_KEY",
        description="WooCommerce REST key (ck_…), only where the application password is not accepted for wc/v3.",
    )
    woocommerce_secret: SecretStr = Field(
        default=SecretStr(""), validation_alias="WOOCOMMERCE_SECRET", description="WooCommerce REST secret (cs_…)."
    )
    wordpress_environment: Literal["production", "staging", "development", "local"] = Field(
        default="production",
        validation_alias="WORDPRESS_ENVIRONMENT",
        description="local permits http:// to a WordPress on your own machine.",
    )
    shop_collections_parent: str = Field(
        default="",
        validation_alias="SHOP_COLLECTIONS_PARENT",
        description="Id or slug of the product category whose children are the brand's collections. "
        "Unset: every top-level product category is one.",
    )
    shop_cost_field: str = Field(
        default="",
        validation_alias="SHOP_COST_FIELD",
        description="Key of the custom field that holds what a product costs you, in which re-pricing finds its floor.",
    )
    shop_max_seconds: float = Field(
        default=60,
        validation_alias="SHOP_MAX_SECONDS",
        ge=1,
        description="Seconds the shop may go on working on a request whose answer was lost (PHP max_execution_time).",
    )
    confirm_writes: Literal["risky", "always", ""] = Field(
        default="",
        validation_alias="CONFIRM_WRITES",
        description="risky: a person is asked for what can't be undone, moves money, leaves the shop or is large. "
        "always: for every write. Default: always for a real shop, risky for the demo shop.",
    )
    read_only: bool = Field(
        default=False,
        validation_alias="READ_ONLY",
        description="true: this server previews writes and sends none, whatever else is set. "
        "`devskyy stop-writes` does that for all servers on the database at once.",
    )
    taint_seconds: float = Field(
        default=3600,
        validation_alias="DEVSKYY_TAINT_SECONDS",
        ge=1,
        description="Seconds after reading customers' texts in which whatever leaves the shop, can't be undone or "
        "touches accounts needs a person, whatever CONFIRM_WRITES says.",
    )
    catalogue_texts: Literal["own", "outside", ""] = Field(
        default="",
        validation_alias="CATALOGUE_TEXTS",
        description="own: the brand wrote its products, posts and pages. outside: suppliers' files, marketplaces or "
        "guests did, so reading them counts as reading customers' texts. Default: outside for a real shop, own for the "
        "demo shop.",
    )
    settle_after: float = Field(
        default=30,
        validation_alias="DEVSKYY_SETTLE_AFTER",
        gt=0,
        description="Seconds after which an unfinished write of a process that vanished is looked up in the shop.",
    )
    upload_folders: CommaList = Field(
        default_factory=nothing,
        validation_alias="DEVSKYY_UPLOAD_FOLDERS",
        description="Folders, separated by commas, from which hosts on this machine (stdio) may upload pictures.",
    )

    @property
    def demo(self) -> bool:
        """Whether the demo shop stands in for a real one."""
        return not self.wordpress_url

    @property
    def outside_texts(self) -> frozenset[Literal["outside", "catalogue"]]:
        """Whose texts are not the brand's own, after ``Policy.texts``."""
        own = self.catalogue_texts == "own" or (not self.catalogue_texts and self.demo)
        return frozenset({"outside"}) if own else frozenset({"outside", "catalogue"})

    @property
    def confirm_rule(self) -> Literal["risky", "always"]:
        return self.confirm_writes or ("risky" if self.demo else "always")
