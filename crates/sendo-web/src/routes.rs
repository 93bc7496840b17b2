//! Every route in one table: method, path, who may use it, what answers.
//!
//! The router is built from the table, and the published description of the API is checked against
//! it, so neither can drift.

use std::sync::Arc;

use axum::Router;
use axum::handler::Handler;
use axum::http::{Method, StatusCode, Uri};
use axum::middleware::from_fn_with_state;
use axum::routing::{MethodFilter, MethodRouter, on};
use sendo_report::page::{
    EVENTS_PATH, ICON_PATH, SCRIPT_PATH, SIGN_IN_PATH, SIGN_OUT_PATH, STYLE_PATH,
};

pub use crate::auth::Access;

use crate::auth::authorise;
use crate::error::{NOTHING_HERE, Refusal};
use crate::state::{App, Shared, WebState};
use crate::token::Scope;
use crate::{api, feed, files, forms, guard, metrics, pages, probes, sign_in, webhooks};

/// One row of the table.
struct Route {
    method: Method,
    path: &'static str,
    access: Access,
    handler: MethodRouter<App>,
}

/// A route as the description of the API knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// The method.
    pub method: Method,
    /// The path, parameters in braces.
    pub path: &'static str,
    /// Who may use it.
    pub access: Access,
}

/// Every route.
#[must_use]
pub fn list() -> Vec<Listed> {
    table()
        .into_iter()
        .map(|route| Listed {
            method: route.method,
            path: route.path,
            access: route.access,
        })
        .collect()
}

/// The router of everything Sendo answers.
pub fn router(web: WebState) -> Router {
    let app: App = Arc::new(Shared::new(web));
    let mut router = Router::new();
    for route in table() {
        let layer = from_fn_with_state((app.clone(), route.access), authorise);
        router = router.route(route.path, route.handler.layer(layer));
    }
    router
        .fallback(nothing_here)
        .method_not_allowed_fallback(wrong_method)
        .layer(from_fn_with_state(app.clone(), guard::guard))
        .with_state(app)
}

fn table() -> Vec<Route> {
    let everybody = Access::Everybody;
    let readers = Access::Readers;
    let deployers = Access::Holders(Scope::Deploy);
    let approvers = Access::Holders(Scope::Approve);
    let reporters = Access::Holders(Scope::ReportImage);
    let admins = Access::Holders(Scope::Admin);
    vec![
        post("/api/v1/deployments", deployers, api::deployments::ask),
        get("/api/v1/deployments", readers, api::deployments::list),
        get(
            "/api/v1/deployments/{application}/{environment}/{number}",
            readers,
            api::deployments::show,
        ),
        get(
            "/api/v1/deployments/{application}/{environment}/{number}/diff",
            readers,
            api::diff::show,
        ),
        post(
            "/api/v1/deployments/{application}/{environment}/{number}/approve",
            approvers,
            api::acts::approve,
        ),
        post(
            "/api/v1/deployments/{application}/{environment}/{number}/cancel",
            deployers,
            api::acts::cancel,
        ),
        post(
            "/api/v1/deployments/{application}/{environment}/{number}/retry",
            deployers,
            api::acts::retry,
        ),
        post(
            "/api/v1/deployments/{application}/{environment}/{number}/override",
            deployers,
            api::acts::break_glass,
        ),
        post(
            "/api/v1/lanes/{application}/{environment}/rollback",
            deployers,
            api::acts::rollback,
        ),
        get("/api/v1/locks", readers, api::locks::list),
        post("/api/v1/locks", deployers, api::locks::lock),
        post("/api/v1/unlocks", deployers, api::locks::unlock),
        get("/api/v1/freezes", readers, api::freezes::list),
        post("/api/v1/freezes", deployers, api::freezes::freeze),
        post("/api/v1/unfreezes", deployers, api::freezes::unfreeze),
        post("/api/v1/plan", deployers, api::plan::plan),
        post("/api/v1/images", reporters, api::images::report),
        get("/api/v1/board", readers, api::board::show),
        get("/api/v1/deliveries", readers, api::deliveries::list),
        post(
            "/api/v1/deliveries/{id}/replay",
            deployers,
            api::deliveries::replay,
        ),
        get("/api/v1/backlog", readers, api::deliveries::backlog),
        get("/api/v1/audit", readers, api::audit::list),
        get("/api/v1/audit/verify", readers, api::audit::verify),
        get("/api/v1/tokens", admins, api::tokens::list),
        post("/api/v1/tokens", admins, api::tokens::create),
        route(
            Method::DELETE,
            MethodFilter::DELETE,
            "/api/v1/tokens/{id}",
            admins,
            api::tokens::revoke,
        ),
        get("/api/v1/me", Access::Bearers, api::me::show),
        post(
            "/api/v1/sign-in-links",
            Access::Bearers,
            api::sign_in_links::create,
        ),
        get("/api/v1/openapi.json", everybody, api::description),
        post(webhooks::GITEA_PATH, Access::Senders, webhooks::gitea),
        get("/", readers, pages::board),
        get("/locks", readers, pages::locks),
        post("/locks", deployers, forms::lock),
        post("/unlocks", deployers, forms::unlock),
        post("/freezes", deployers, forms::freeze),
        post("/unfreezes", deployers, forms::unfreeze),
        post(
            "/deployments/{application}/{environment}/{number}/approve",
            approvers,
            forms::approve,
        ),
        post(
            "/deployments/{application}/{environment}/{number}/cancel",
            deployers,
            forms::cancel,
        ),
        post(
            "/deployments/{application}/{environment}/{number}/retry",
            deployers,
            forms::retry,
        ),
        post(
            "/deployments/{application}/{environment}/{number}/override",
            deployers,
            forms::break_glass,
        ),
        post(
            "/lanes/{application}/{environment}/rollback",
            deployers,
            forms::rollback,
        ),
        get("/applications/{application}", readers, pages::application),
        get(
            "/deployments/{application}/{environment}/{number}",
            readers,
            pages::deployment,
        ),
        get(
            "/deployments/{application}/{environment}/{number}/diff",
            readers,
            pages::diff,
        ),
        get("/deliveries", readers, pages::deliveries),
        post("/deliveries/{id}/replay", deployers, forms::replay),
        get("/audit", readers, pages::audit),
        get(SIGN_IN_PATH, everybody, sign_in::form),
        post(SIGN_IN_PATH, everybody, sign_in::with_token),
        get("/sign-in/once/{code}", everybody, sign_in::button),
        post("/sign-in/once/{code}", everybody, sign_in::by_link),
        post(SIGN_OUT_PATH, everybody, sign_in::out),
        get(STYLE_PATH, everybody, files::style),
        get(SCRIPT_PATH, everybody, files::script),
        get(ICON_PATH, everybody, files::icon),
        get(EVENTS_PATH, readers, feed::listen),
        get("/livez", everybody, probes::alive),
        get("/readyz", everybody, probes::ready),
        get("/metrics", readers, metrics::show),
    ]
}

fn get<H: Handler<T, App>, T: 'static>(path: &'static str, access: Access, handler: H) -> Route {
    route(Method::GET, MethodFilter::GET, path, access, handler)
}

fn post<H: Handler<T, App>, T: 'static>(path: &'static str, access: Access, handler: H) -> Route {
    route(Method::POST, MethodFilter::POST, path, access, handler)
}

fn route<H: Handler<T, App>, T: 'static>(
    method: Method,
    filter: MethodFilter,
    path: &'static str,
    access: Access,
    handler: H,
) -> Route {
    Route {
        method,
        path,
        access,
        handler: on(filter, handler),
    }
}

async fn nothing_here(uri: Uri) -> Refusal {
    Refusal::not_found(
        NOTHING_HERE,
        format!("there is nothing at `{}`", uri.path()),
        "see `/api/v1/openapi.json` for every route",
    )
}

async fn wrong_method(method: Method, uri: Uri) -> Refusal {
    Refusal::new(
        StatusCode::METHOD_NOT_ALLOWED,
        "method_not_allowed",
        format!("`{}` does not take {method}", uri.path()),
        "see `/api/v1/openapi.json` for what it takes",
    )
}
