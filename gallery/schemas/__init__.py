"""The shapes of the JSON, and the OpenAPI document made from them."""
