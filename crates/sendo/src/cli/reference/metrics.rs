//! The chapter on metrics: what a scrape can hold, as the registry describes it.

use std::fmt::Write as _;

use sendo_store::Meter;

const HEAD: &str = "# Metrics

What `GET /metrics` answers, as OpenMetrics text, which Prometheus reads. Where reading takes a token
it needs one of scope `read` that is not limited to applications. Counters and times are of one
process since its start; queues, locks and the quarantine are the store's, the same for every replica,
and at most five seconds old. `application` and `environment` are names from the configuration, else
`other`; no label holds what somebody sent.

A series is there once it was counted. Alert rules for Prometheus are in
[packaging/monitoring](../../packaging/monitoring/sendo.rules.yaml), and what to do about each in
[operations](../guides/operations.md#alerts).

| Metric | Kind | Labels | Meaning |
|---|---|---|---|
";

/// The whole chapter.
pub(super) fn all() -> String {
    let mut out = HEAD.to_owned();
    for metric in Meter::default().described() {
        let labels: Vec<String> = metric
            .labels
            .iter()
            .map(|label| format!("`{label}`"))
            .collect();
        let _ = writeln!(
            out,
            "| `{}` | {} | {} | {} |",
            metric.name,
            metric.kind,
            labels.join(", "),
            metric.help
        );
    }
    out
}
