//! Random edits of randomly damaged manifests, the same for the same seed.
//!
//! Owns the generator and the checks that need no second parser. It holds no expectation about
//! which edits succeed: most damaged texts are refused, and that is fine.

use sendo_manifest::{
    DocumentSelector, EditError, Edited, Format, ImageEdit, ImageMode, Path, Value, set_images,
    set_values,
};

/// A small generator of numbers (splitmix64), so that runs can be repeated.
pub(crate) struct Random(pub(crate) u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub(crate) fn below(&mut self, limit: usize) -> usize {
        let limit = u64::try_from(limit.max(1)).expect("a small number");
        usize::try_from(self.next() % limit).expect("a small number")
    }

    pub(crate) fn pick<'a, T: ?Sized>(&mut self, from: &[&'a T]) -> &'a T {
        from[self.below(from.len())]
    }
}

const SNIPPETS: [&str; 40] = [
    " ",
    "  ",
    "\t",
    "\n",
    "\r\n",
    "#",
    " # c",
    "\"",
    "'",
    "&a ",
    "*a",
    "&image ",
    "*image",
    "- ",
    ": ",
    ":",
    "{",
    "}",
    "[",
    "]",
    ",",
    "|",
    ">",
    "|+\n",
    "---\n",
    "...\n",
    "? ",
    "!!str ",
    "!x ",
    "<<: *image\n",
    "日本",
    "\u{feff}",
    "\u{85}",
    "\u{2028}",
    "\\",
    "~",
    "0x1",
    "images:\n",
    "- name: web\n",
    "{a: b}",
];

const WORDS: [&str; 30] = [
    "v1.2.3",
    "1234567",
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
    "end\n",
    "{a}",
    "*x",
    "1_000",
    "~",
    "null",
    "-",
    "!t",
    "a\tb",
    "\u{7}",
    "\u{feff}",
    "\u{2028}x",
    "\\n",
    "]",
    "?",
];

/// The texts of `tests/corpus`.
pub(crate) fn corpus() -> Vec<String> {
    let mut texts = Vec::new();
    for folder in ["images", "values"] {
        let folder = format!("{}/tests/corpus/{folder}", env!("CARGO_MANIFEST_DIR"));
        let files = std::fs::read_dir(folder).expect("the corpus");
        let mut files: Vec<_> = files.map(|file| file.expect("an entry").path()).collect();
        files.sort();
        texts.extend(
            files
                .iter()
                .map(|file| std::fs::read_to_string(file).expect("UTF-8")),
        );
    }
    texts
}

/// Paths that lead somewhere in some text of the corpus, and some that do not.
const PATHS: [&str; 24] = [
    ".images[0].newTag",
    ".images[1].newTag",
    ".images[name=web].newTag",
    ".images[name=web].name",
    ".images[name=db].digest",
    ".resources[0]",
    ".replicas",
    ".image.tag",
    ".worker.image.tag",
    ".env[0].value",
    ".env[name=FEATURE].value",
    ".\"quoted.key\"",
    ".script",
    ".note",
    ".empty",
    ".flow.a",
    ".flow.b[2]",
    ".日本",
    ".data.revision",
    ".containerDefinitions[name=web].image",
    ".cpu",
    ".new",
    ".flow.new",
    ".a.b",
];

/// One edit to try.
#[derive(Debug)]
pub(crate) enum Attempt {
    Images(Vec<ImageEdit>, ImageMode),
    Value(Path, Value, Format),
}

/// Makes the next text and edit.
pub(crate) fn attempt(random: &mut Random, corpus: &[String]) -> (String, Attempt) {
    let mut text = corpus[random.below(corpus.len())].clone();
    for _ in 0..random.below(7) / 2 {
        damage(random, &mut text);
    }
    let attempt = if random.below(2) == 0 {
        let mode = [ImageMode::Keep, ImageMode::KeepOrAdd, ImageMode::Replace][random.below(3)];
        let edits = (0..=random.below(2)).map(|_| image(random)).collect();
        Attempt::Images(edits, mode)
    } else {
        let word = random.pick(&WORDS).to_owned();
        let value = match random.below(6) {
            0 => Value::Text(word),
            1 => Value::Bool(true),
            2 => Value::Integer(-7),
            _ => Value::String(word),
        };
        let likely = if text.contains("images") {
            0..6
        } else {
            5..PATHS.len()
        };
        let path = random.pick(&PATHS[likely]).parse().expect("a path");
        let json = text.starts_with('{') && random.below(4) > 0;
        Attempt::Value(path, value, if json { Format::Json } else { Format::Yaml })
    };
    (text, attempt)
}

fn image(random: &mut Random) -> ImageEdit {
    let part = |random: &mut Random, words: &[&'static str]| {
        (random.below(3) > 0).then(|| random.pick(words).to_owned())
    };
    ImageEdit {
        name: random.pick(&["web", "db", "worker", "new"]).to_owned(),
        new_name: part(random, &["*", "example.org/x", "other"]),
        new_tag: part(random, &["*", "v2", "0123456", "1e5", "yes"]),
        digest: part(random, &["*", "sha256:ff"]),
    }
}

fn damage(random: &mut Random, text: &mut String) {
    let mut at = random.below(text.len() + 1);
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    let line_end = |from: usize| {
        text[from..]
            .find('\n')
            .map_or(text.len(), |end| from + end + 1)
    };
    match random.below(8) {
        0..=3 => text.insert_str(at, random.pick(&SNIPPETS)),
        4 => drop(text.drain(at..line_end(at))),
        5 => {
            let copy = text[at..line_end(at)].to_owned();
            text.insert_str(at, &copy);
        }
        6 => {
            if let Some(c) = text[at..].chars().next() {
                text.drain(at..at + c.len_utf8());
            }
        }
        _ if random.below(4) == 0 => *text = text.replace('\n', "\r\n"),
        _ => {
            let start = text[..at].rfind('\n').map_or(0, |newline| newline + 1);
            text.insert_str(start, random.pick(&[" ", "  ", "\t", "- ", "# "]));
        }
    }
}

/// Runs the edit and checks what can be checked without parsing: that the result is the old text
/// with the splices put in, in order and without overlap.
pub(crate) fn run(text: &str, attempt: &Attempt) -> Result<Edited, EditError> {
    let edited = match attempt {
        Attempt::Images(edits, mode) => set_images(text.as_bytes(), edits, *mode),
        Attempt::Value(path, value, format) => {
            let edit = [(path.clone(), value.clone())];
            set_values(text.as_bytes(), *format, &DocumentSelector::Only, &edit)
        }
    }?;
    let mut built = String::new();
    let mut done = 0;
    for splice in edited.splices() {
        built.push_str(&text[done..splice.range.start]);
        built.push_str(&splice.replacement);
        done = splice.range.end;
    }
    built.push_str(&text[done..]);
    assert_eq!(
        built,
        edited.text(),
        "bytes outside the splices changed in {text:?}"
    );
    Ok(edited)
}
