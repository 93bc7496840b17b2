//! The process itself, read from `/proc` at each scrape; nothing where there is none.

use std::fmt;
use std::fs;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;

use crate::catalogue::Catalogue;

const CPU: (&str, &str) = (
    "process_cpu_seconds",
    "Seconds of CPU the process has taken",
);
const GAUGES: [(&str, &str); 3] = [
    (
        "process_resident_memory_bytes",
        "Memory of the process that is in RAM",
    ),
    ("process_open_fds", "Open file descriptors"),
    (
        "process_start_time_seconds",
        "When the process started, in seconds since 1970",
    ),
];

pub(crate) fn register(catalogue: &mut Catalogue) {
    catalogue.registry.register_collector(Box::new(Process));
    catalogue.describe(format!("{}_total", CPU.0), "counter", &[], CPU.1);
    for (name, help) in GAUGES {
        catalogue.describe(name, "gauge", &[], help);
    }
}

#[derive(Debug)]
struct Process;

impl Collector for Process {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        let Some(read) = Read::now() else {
            return Ok(());
        };
        let cpu = ConstCounter::new(read.cpu);
        // The encoder writes the full stop.
        let (name, help) = CPU;
        let help = format!("{help}.");
        cpu.encode(encoder.encode_descriptor(name, &help, None, cpu.metric_type())?)?;
        for ((name, help), value) in GAUGES
            .into_iter()
            .zip([read.memory, read.files, read.started])
        {
            let (gauge, help) = (ConstGauge::new(value), format!("{help}."));
            gauge.encode(encoder.encode_descriptor(name, &help, None, gauge.metric_type())?)?;
        }
        Ok(())
    }
}

struct Read {
    cpu: f64,
    memory: f64,
    files: f64,
    started: f64,
}

impl Read {
    fn now() -> Option<Self> {
        let stat = fs::read_to_string("/proc/self/stat").ok()?;
        // The name of the command stands in parentheses and may hold anything.
        let fields: Vec<f64> = stat
            .rsplit(')')
            .next()?
            .split_whitespace()
            .skip(1)
            .map(|field| field.parse().unwrap_or_default())
            .collect();
        let ticks = rustix::param::clock_ticks_per_second() as f64;
        let field = |n: usize| fields.get(n).copied();
        let machine = fs::read_to_string("/proc/stat").ok()?;
        let booted: f64 = machine
            .lines()
            .find_map(|line| line.strip_prefix("btime "))
            .and_then(|seconds| seconds.trim().parse().ok())?;
        Some(Self {
            // Fields 14, 15, 22 and 24 of proc(5), the third one being the first here.
            cpu: (field(10)? + field(11)?) / ticks,
            started: booted + field(18)? / ticks,
            memory: field(20)? * rustix::param::page_size() as f64,
            files: fs::read_dir("/proc/self/fd").ok()?.count() as f64,
        })
    }
}
