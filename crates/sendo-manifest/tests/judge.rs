//! Third parties judge the editor: kustomize itself, and Go's readers of YAML 1.1 and 1.2.
//!
//! Every kustomization and values file of the Go modules in `judge/modules.txt` is edited. The Go
//! program in `judge/` does the same edits by its own means and compares the outcome. Needs `go`;
//! modules come through its ordinary client and stay in its cache.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write as _;
use std::path::{Path as File, PathBuf};
use std::process::{Command, Stdio};

use sendo_manifest::{
    DocumentSelector, EditError, Format, ImageEdit, ImageMode, Path, Splice, Step, Value,
    set_images, set_values,
};
use serde_json::{Value as Json, json};

#[path = "fuzzing/mod.rs"]
mod fuzzing;

const HERE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/judge");

/// Values that break careless writers.
const VALUES: [&str; 24] = [
    "v1.2.3",
    "1234e56",
    "0123456",
    "yes",
    "",
    " lead",
    "trail ",
    "a: b",
    "x #y",
    "日本",
    "12:30",
    "it's",
    "say \"hi\"",
    "two\nlines",
    "{a}",
    "*x",
    "1_000",
    "~",
    "null",
    "-",
    "!t",
    "0x1f",
    "2024-01-02",
    "sha256:0123456789abcdef",
];

fn output(command: &mut Command) -> String {
    let output = command.output().expect("the program runs");
    assert!(
        output.status.success(),
        "{command:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).expect("UTF-8")
}

/// The directories of the modules, downloaded if need be.
fn modules() -> Vec<PathBuf> {
    let list = std::fs::read_to_string(format!("{HERE}/modules.txt")).expect("modules.txt");
    let elsewhere = std::env::temp_dir();
    let dir = |module: &str| {
        let mut go = Command::new("go");
        let text = output(
            go.args(["mod", "download", "-json", module])
                .current_dir(&elsewhere),
        );
        let facts: Json = serde_json::from_str(&text).expect("JSON");
        PathBuf::from(facts["Dir"].as_str().expect("a directory"))
    };
    list.lines()
        .filter(|line| !line.is_empty())
        .map(dir)
        .collect()
}

struct Source {
    path: PathBuf,
    text: String,
}

/// Every distinct kustomization or values file.
fn corpus() -> Vec<Source> {
    let mut seen = BTreeSet::new();
    let mut sources = Vec::new();
    let mut folders = modules();
    while let Some(folder) = folders.pop() {
        let entries = std::fs::read_dir(&folder).expect("a readable folder");
        let mut entries: Vec<_> = entries
            .map(|entry| entry.expect("an entry").path())
            .collect();
        entries.sort();
        for path in entries {
            let name = path
                .file_name()
                .unwrap_or_default()
                .to_string_lossy()
                .to_lowercase();
            if path.is_dir() {
                folders.push(path);
            } else if name.ends_with(".yaml") | name.ends_with(".yml")
                && (name.starts_with("kustomization.") || name.contains("values"))
                && let Ok(text) = std::fs::read_to_string(&path)
                && seen.insert(text.clone())
            {
                sources.push(Source { path, text });
            }
        }
    }
    sources
}

/// The crate's own odd kustomizations.
fn own_corpus() -> Vec<Source> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/corpus/images");
    let entries = std::fs::read_dir(folder).expect("the corpus");
    let paths = entries.map(|entry| entry.expect("an entry").path());
    paths
        .map(|path| Source {
            text: std::fs::read_to_string(&path).expect("UTF-8"),
            path,
        })
        .collect()
}

fn is_kustomization(path: &File) -> bool {
    path.file_stem()
        .is_some_and(|stem| stem.eq_ignore_ascii_case("kustomization"))
}

/// Asks the judge all questions in one process that can reach neither git nor a network.
fn ask(questions: &[Json]) -> Vec<Json> {
    let program = format!("{}/sendo-judge", env!("CARGO_TARGET_TMPDIR"));
    output(
        Command::new("go")
            .args(["build", "-o", &program, "."])
            .current_dir(HERE),
    );
    let mut file =
        std::fs::File::create(format!("{program}.{}.in", questions.len())).expect("file");
    for question in questions {
        writeln!(file, "{question}").expect("written");
    }
    drop(file);
    let input = std::fs::File::open(format!("{program}.{}.in", questions.len())).expect("file");
    let mut judge = Command::new(&program);
    judge.stdin(Stdio::from(input)).env("PATH", "");
    for proxy in ["HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"] {
        judge.env(proxy, "http://127.0.0.1:9");
    }
    let answers = output(&mut judge);
    let answers: Vec<Json> = answers
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect();
    assert_eq!(answers.len(), questions.len());
    answers
}

/// Counts of one run, printed at its end.
#[derive(Default)]
struct Tally {
    edits: usize,
    judged: usize,
    built: usize,
    refused: BTreeMap<&'static str, usize>,
    moot: BTreeMap<String, usize>,
    wrong: Vec<String>,
}

impl Tally {
    fn refuse(&mut self, error: &EditError) {
        *self.refused.entry(error.reason_code()).or_default() += 1;
    }

    /// A file that has nothing to edit, or that the judge itself cannot read.
    fn skip(&mut self, answer: &Json) {
        let detail = answer["detail"].as_str().unwrap_or("nothing to edit");
        let detail = if detail.starts_with("yaml: ") {
            "not YAML to Go"
        } else {
            detail
        };
        *self
            .moot
            .entry(detail.chars().take(70).collect())
            .or_default() += 1;
    }

    fn take(&mut self, answer: &Json, what: &str) {
        if answer["moot"] == true {
            self.skip(answer);
        } else if answer["ok"] == true {
            self.judged += 1;
            self.built += usize::from(answer["built"] == true);
        } else {
            self.wrong.push(format!("{what}: {}", answer["detail"]));
        }
    }

    /// The counts, held against the goal: nothing wrong, 95 % of the edits made.
    fn finish(self, files: usize) -> String {
        let refused: usize = self.refused.values().sum();
        let counts = format!(
            "{files} files, {} edits, {} judged right ({} by a build in place), {} wrong, \
             {refused} refused {:?}, moot {:?}",
            self.edits,
            self.judged,
            self.built,
            self.wrong.len(),
            self.refused,
            self.moot,
        );
        assert!(
            self.wrong.is_empty(),
            "{:#?}",
            &self.wrong[..self.wrong.len().min(20)]
        );
        assert!(
            refused * 20 <= self.edits,
            "more than 5 % refused: {counts}"
        );
        counts
    }
}

/// The old text with the splices applied by hand is the new text.
fn assert_only_splices_differ(old: &str, new: &str, splices: &[Splice]) {
    let mut built = old.to_owned();
    for splice in splices.iter().rev() {
        built.replace_range(splice.range.clone(), &splice.replacement);
    }
    assert_eq!(built, new);
}

fn image_arguments(names: &[Json]) -> Vec<String> {
    let digest = "sha256:24a0c4b4a4c0eb97a1aabb8e29f18e917d05abfe1b7a7c07857230879ce7d3d3";
    let mut arguments = Vec::new();
    let listed = names
        .iter()
        .filter_map(Json::as_str)
        .filter(|name| !name.is_empty())
        .take(3);
    for name in listed.chain(["brand-new", "registry.example:5000/team/new"]) {
        arguments.push(format!("{name}:1234e56"));
        arguments.push(format!("{name}=*:v2"));
        arguments.push(format!("{name}=example.org/other/name:0123456"));
        arguments.push(format!("{name}@{digest}"));
        arguments.push(format!("{name}=example.org/x:v3@{digest}"));
        arguments.push(format!("{name}=example.org:5000/renamed"));
        arguments.push(format!("{name}:v4@{digest}"));
        arguments.push(format!("{name}:*@{digest}"));
    }
    arguments
}

#[test]
fn kustomize_agrees_on_every_image_edit() {
    let mut files: Vec<_> = corpus()
        .into_iter()
        .filter(|f| is_kustomization(&f.path))
        .collect();
    files.extend(own_corpus());
    let names: Vec<_> = files
        .iter()
        .map(|f| json!({"op": "names", "old": f.text}))
        .collect();
    let mut tally = Tally::default();
    let (mut questions, mut titles) = (Vec::new(), Vec::new());
    for (file, names) in files.iter().zip(ask(&names)) {
        if names["ok"] != true {
            tally.skip(&names);
            continue;
        }
        let names = names["names"].as_array().map_or(&[][..], Vec::as_slice);
        for (index, argument) in image_arguments(names).into_iter().enumerate() {
            tally.edits += 1;
            let edit: ImageEdit = argument.parse().expect("an image edit");
            match set_images(file.text.as_bytes(), &[edit], ImageMode::Replace) {
                Err(error) => tally.refuse(&error),
                Ok(edited) => {
                    assert_only_splices_differ(&file.text, edited.text(), edited.splices());
                    titles.push(format!("{} {argument}", file.path.display()));
                    questions.push(json!({
                        "op": "images", "file": file.path, "old": file.text,
                        "new": edited.text(), "args": [argument],
                        // A build of a real folder is slow: one or two a file.
                        "build": index < names.len().clamp(1, 2),
                    }));
                }
            }
        }
    }
    for (answer, title) in ask(&questions).iter().zip(&titles) {
        tally.take(answer, title);
    }
    println!("images: {}", tally.finish(files.len()));
}

fn path_of(steps: &Json) -> Path {
    let step = |step: &Json| match step.as_u64() {
        Some(index) => Step::Index(usize::try_from(index).expect("an index")),
        None => Step::Key(step.as_str().expect("a key").to_owned()),
    };
    Path::new(steps.as_array().expect("steps").iter().map(step))
}

#[test]
fn go_readers_agree_on_every_value_edit() {
    const PLACES_A_FILE: usize = 24;
    let files = corpus();
    let paths: Vec<_> = files
        .iter()
        .map(|f| json!({"op": "paths", "old": f.text}))
        .collect();
    let mut tally = Tally::default();
    let (mut questions, mut titles) = (Vec::new(), Vec::new());
    for (file, places) in files.iter().zip(ask(&paths)) {
        let Some(places) = places["paths"].as_array() else {
            tally.skip(&places);
            continue;
        };
        for place in places
            .iter()
            .step_by(places.len().div_ceil(PLACES_A_FILE).max(1))
        {
            let value = VALUES[tally.edits % VALUES.len()];
            tally.edits += 1;
            let document =
                usize::try_from(place["document"].as_u64().expect("index")).expect("fits");
            let path = path_of(&place["path"]);
            let title = format!("{} {path} {value:?}", file.path.display());
            let edit = [(path, Value::String(value.to_owned()))];
            let document = DocumentSelector::Index(document);
            match set_values(file.text.as_bytes(), Format::Yaml, &document, &edit) {
                Err(error) => tally.refuse(&error),
                Ok(edited) => {
                    assert_only_splices_differ(&file.text, edited.text(), edited.splices());
                    titles.push(title);
                    questions.push(json!({
                        "op": "value", "old": file.text, "new": edited.text(), "value": value,
                        "document": place["document"], "path": place["path"],
                    }));
                }
            }
        }
    }
    for (answer, title) in ask(&questions).iter().zip(&titles) {
        tally.take(answer, title);
    }
    println!("values: {}", tally.finish(files.len()));
    assert!(files.len() >= 500, "only {} files", files.len());
}

#[test]
fn go_readers_agree_on_random_edits_of_damaged_texts() {
    const EDITS: usize = 1_000_000;
    let (corpus, mut random) = (fuzzing::corpus(), fuzzing::Random(7));
    let mut tally = Tally::default();
    let (mut questions, mut titles) = (Vec::new(), Vec::new());
    for _ in 0..EDITS {
        let (text, attempt) = fuzzing::attempt(&mut random, &corpus);
        let fuzzing::Attempt::Value(path, Value::String(value), Format::Yaml) = &attempt else {
            continue;
        };
        let steps = path.steps().iter().map(|step| match step {
            Step::Key(key) => Some(json!(key)),
            Step::Index(index) => Some(json!(index)),
            Step::Where { .. } => None,
        });
        let steps: Option<Vec<_>> = steps.collect();
        let (Ok(edited), Some(steps)) = (fuzzing::run(&text, &attempt), steps) else {
            continue;
        };
        tally.edits += 1;
        questions.push(json!({
            "op": "value", "old": text, "new": edited.text(), "value": value,
            "document": 0, "path": steps,
        }));
        titles.push(format!("{text:?} {attempt:?}"));
    }
    for (answer, title) in ask(&questions).iter().zip(&titles) {
        tally.take(answer, title);
    }
    println!("random: {}", tally.finish(corpus.len()));
}
