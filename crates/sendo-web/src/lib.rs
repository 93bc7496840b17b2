//! Routes: webhooks, API, server-sent events, pages.
