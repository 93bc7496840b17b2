//! The published description says what the routes do, no more and no less.

use std::collections::BTreeSet;

use sendo_web::routes;
use serde_json::Value;

use crate::harness::Server;

#[tokio::test]
async fn the_description_and_the_routes_tell_the_same() {
    let server = Server::start().await;
    let description = server.get("/api/v1/openapi.json").send().await.json();
    let mut described = BTreeSet::new();
    for (path, operations) in description["paths"].as_object().expect("paths") {
        for (method, operation) in operations.as_object().expect("operations") {
            let access = operation["x-sendo-access"].as_str().expect("an access");
            described.insert(format!("{} {path} {access}", method.to_uppercase()));
        }
    }
    let routed: BTreeSet<String> = routes::list()
        .iter()
        .map(|route| format!("{} {} {}", route.method, route.path, route.access))
        .collect();
    assert_eq!(described, routed);
    server.stop().await;
}

#[tokio::test]
async fn every_reference_of_the_description_leads_somewhere() {
    let server = Server::start().await;
    let description = server.get("/api/v1/openapi.json").send().await.json();
    let mut references = Vec::new();
    collect(&description, &mut references);
    assert!(references.len() > 20);
    for reference in references {
        let pointer = reference.trim_start_matches('#');
        assert!(description.pointer(pointer).is_some(), "{reference}");
    }
    server.stop().await;
}

fn collect(value: &Value, references: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            if let Some(Value::String(reference)) = fields.get("$ref") {
                references.push(reference.clone());
            }
            fields.values().for_each(|value| collect(value, references));
        }
        Value::Array(values) => values.iter().for_each(|value| collect(value, references)),
        _ => {}
    }
}
