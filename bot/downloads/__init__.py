"""Downloads from addresses that users and upstreams name; none of them are trusted."""
