//! What a server that deployed something is scraped for, and what the alert rules make of it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use sendo_store::Meter;
use sendo_testkit::{Server, http, wait};

use crate::serving::{LONGEST, stage, until};

const RULES: &str = include_str!("../../../../packaging/monitoring/sendo.rules.yaml");

/// The series of a scrape by name and labels; each must fit its family's type.
fn parsed(text: &str) -> BTreeMap<String, f64> {
    let mut series = BTreeMap::new();
    let (mut family, mut kind) = (String::new(), String::new());
    assert!(text.ends_with("# EOF\n"), "{text}");
    for line in text.lines().filter(|line| *line != "# EOF") {
        if let Some(rest) = line.strip_prefix("# HELP ") {
            family = rest.split(' ').next().unwrap().to_owned();
            continue;
        }
        if let Some(rest) = line.strip_prefix("# TYPE ") {
            let (of, is) = rest.split_once(' ').unwrap();
            assert_eq!(of, family, "HELP and TYPE stand together");
            is.clone_into(&mut kind);
            continue;
        }
        let (id, value) = line.rsplit_once(' ').unwrap_or_else(|| panic!("{line}"));
        let name = id.split('{').next().unwrap();
        let suffix = name
            .strip_prefix(&family)
            .unwrap_or_else(|| panic!("{line} in {family}"));
        let fits: &[&str] = match kind.as_str() {
            "counter" => &["_total"],
            "gauge" => &[""],
            "histogram" => &["_bucket", "_sum", "_count"],
            "info" => &["_info"],
            other => panic!("no kind `{other}`"),
        };
        assert!(fits.contains(&suffix), "{line} in a {kind}");
        let twice = series.insert(id.to_owned(), value.parse().unwrap());
        assert_eq!(twice, None, "{id} is there once");
    }
    series
}

fn scraped(server: &mut Server) -> String {
    let address = server.address().unwrap();
    let (status, body) = http::request(address, "GET", "/metrics", &[], "").unwrap();
    assert_eq!(status, 200, "{body}");
    body
}

/// A name without what a scrape puts behind a histogram's.
fn described(name: &str) -> bool {
    let meter = Meter::default();
    let all = meter.described();
    all.iter().any(|metric| {
        let histogram = metric.kind == "histogram"
            && ["_bucket", "_sum", "_count"]
                .iter()
                .any(|end| name == format!("{}{end}", metric.name));
        histogram || metric.name == name
    })
}

#[test]
fn a_scrape_after_a_deployment_tells_of_it_and_holds_nothing_that_is_not_described() {
    let stage = stage("");
    stage.repository("shop", "main", &[("README.md", "# It sells things.\n")]);
    let mut server = stage.served();
    stage.work("shop", "main", "Add a cart");
    until(&mut server, "succeeded");
    let labels = "application=\"shop\",environment=\"production\",outcome=\"succeeded\"";
    let deployed = format!("sendo_deploy_total{{{labels}}}");
    let text = wait::until("it is counted", LONGEST, || {
        let text = scraped(&mut server);
        parsed(&text).contains_key(&deployed).then_some(text)
    })
    .unwrap();
    let series = parsed(&text);
    for (id, least) in [
        (deployed.as_str(), 1.0),
        (
            &format!("sendo_promotion_duration_seconds_count{{{labels}}}"),
            1.0,
        ),
        (
            "sendo_effect_total{class=\"D\",kind=\"open_change_request\",outcome=\"done\"}",
            1.0,
        ),
        (
            "sendo_webhook_deliveries_total{source=\"forge:here\",event=\"push\",outcome=\"new\"}",
            1.0,
        ),
        ("process_resident_memory_bytes", 1e6),
        ("process_open_fds", 3.0),
        ("process_start_time_seconds", 1e9),
        ("sendo_db_tx_seconds_count{op=\"commit\"}", 1.0),
    ] {
        assert!(
            series.get(id).is_some_and(|value| *value >= least),
            "{id} in\n{text}"
        );
    }
    for id in series.keys() {
        assert!(
            described(id.split('{').next().unwrap()),
            "{id} is not described"
        );
    }
}

#[test]
fn every_alert_names_metrics_that_there_are_and_a_section_that_says_what_to_do() {
    let guide = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/guides/operations.md");
    let guide = std::fs::read_to_string(guide).unwrap();
    let anchors: BTreeSet<String> = guide
        .lines()
        .filter(|line| line.starts_with('#'))
        .map(|line| {
            line.trim_start_matches(['#', ' '])
                .to_lowercase()
                .replace(' ', "-")
        })
        .collect();
    let mut alerts = 0;
    for line in RULES.lines().map(str::trim) {
        alerts += usize::from(line.starts_with("- alert: "));
        if let Some(expression) = line.strip_prefix("expr: ") {
            let words = expression.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
            let metrics: Vec<&str> = words.filter(|word| word.starts_with("sendo_")).collect();
            assert!(!metrics.is_empty(), "{expression}");
            assert!(metrics.iter().all(|name| described(name)), "{expression}");
        }
        if let Some(runbook) = line.strip_prefix("runbook: docs/guides/operations.md#") {
            assert!(anchors.contains(runbook), "{runbook}");
        }
    }
    let runbooks = RULES.matches("runbook: docs/guides/operations.md#").count();
    assert!(
        alerts >= 8 && alerts == runbooks,
        "{alerts} alerts, {runbooks} runbooks"
    );
}
