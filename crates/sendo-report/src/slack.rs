//! Notices for Slack: the JSON an incoming webhook takes.
//!
//! Slack treats `&`, `<` and `>` as its own, so they are escaped; nothing from outside can mention
//! a channel or hide an address. A section holds at most 3,000 characters.

use sendo_core::deployment::Change;
use sendo_core::notice::{Digest, Notice, Turn};
use serde_json::{Value, json};

use crate::escape::{cut, one_line, slack};
use crate::sentence::is_web;
use crate::wording::digest as wording;
use crate::wording::{Context, change_title, engine, promotion, state};
use crate::{Language, page};

/// What Slack takes in one section.
pub const SECTION_LIMIT: usize = 3_000;

/// What a message's sections hold together. Slack refuses somewhat more than 13,000 characters.
const MESSAGE_LIMIT: usize = 9_000;

/// How much of a sentence a digest shows.
const LINE_LIMIT: usize = 400;

/// How many changes a message lists before it counts the rest.
const LISTED: usize = 10;

/// The JSON of a notice: blocks, and a text for notifications and screen readers.
#[must_use]
pub fn webhook(notice: &Notice, context: &Context<'_>, language: Language) -> Value {
    let sentence = promotion::happened(notice, context, language);
    let symbol = state::turn_symbol(&notice.turn);
    let lane = slack(&notice.lane.to_string());
    let mut blocks = vec![section(&format!("{symbol} *{lane}* {}", sentence.slack()))];
    if let Turn::Started { included, .. } = &notice.turn
        && !included.is_empty()
    {
        blocks.push(section(&changes(included, language)));
    }
    if let Turn::Failed { causes, .. } = &notice.turn
        && !causes.is_empty()
    {
        let lines = engine::causes(causes, language);
        let lines = lines.iter().map(|line| format!("• {}", slack(line)));
        blocks.push(section(&lines.collect::<Vec<_>>().join("\n")));
    }
    blocks.push(json!({
        "type": "context",
        "elements": [{ "type": "mrkdwn", "text": footer(notice, context) }],
    }));
    json!({
        "text": limited(&format!("{symbol} {lane}: {}", slack(&sentence.to_string()))),
        "blocks": blocks,
    })
}

/// The JSON of a digest: a heading, and a line for each deployment as long as there is room.
#[must_use]
pub fn digest(digest: &Digest, server: Option<&str>, language: Language) -> Value {
    let heading = wording::heading(digest, language);
    let mut blocks = vec![section(&format!("*{}*", heading.slack()))];
    let mut room = MESSAGE_LIMIT;
    let mut told = 0;
    let mut text = String::new();
    for notice in &digest.latest {
        let line = line(notice, server, language);
        let length = line.chars().count() + 1;
        if length > room {
            break;
        }
        room -= length;
        told += 1;
        if text.chars().count() + length > SECTION_LIMIT {
            blocks.push(section(&text));
            text.clear();
        }
        text.push_str(&line);
        text.push('\n');
    }
    if !text.is_empty() {
        blocks.push(section(&text));
    }
    let left_out = digest.latest.len() - told;
    if left_out > 0 {
        let more = wording::more(left_out as u64, language).slack();
        blocks.push(section(more.trim_start_matches([';', '。', ' '])));
    }
    json!({ "text": limited(&slack(&heading.to_string())), "blocks": blocks })
}

/// A deployment's last turn on one line.
fn line(notice: &Notice, server: Option<&str>, language: Language) -> String {
    let context = Context {
        server,
        ..Context::of_notice(notice)
    };
    let sentence = promotion::happened(notice, &context, language);
    let symbol = state::turn_symbol(&notice.turn);
    let lane = slack(&notice.lane.to_string());
    let sentence = shortened(&sentence.slack(), LINE_LIMIT);
    format!("{symbol} *{lane}* {sentence} {}", footer(notice, &context))
}

fn section(text: &str) -> Value {
    json!({ "type": "section", "text": { "type": "mrkdwn", "text": limited(text) } })
}

/// Cuts between characters and never inside an entity or a link.
fn limited(text: &str) -> String {
    shortened(text, SECTION_LIMIT)
}

fn shortened(text: &str, limit: usize) -> String {
    if text.chars().count() <= limit {
        return text.to_owned();
    }
    let mut short = cut(text, limit);
    for (open, close) in [('&', ';'), ('<', '>')] {
        if let Some(at) = short.rfind(open)
            && !short.get(at..).is_some_and(|rest| rest.contains(close))
        {
            short.truncate(at);
            short.push('…');
        }
    }
    short
}

fn changes(included: &[Change], language: Language) -> String {
    let mut lines: Vec<String> = included
        .iter()
        .rev()
        .take(LISTED)
        .map(|change| {
            let number = change.number.map(|n| format!("#{n} ")).unwrap_or_default();
            format!(
                "• {number}{} — {}",
                slack(&cut(&change_title(change), 120)),
                slack(&cut(&one_line(&change.author), 60))
            )
        })
        .collect();
    let more = included.len().saturating_sub(LISTED);
    if more > 0 {
        lines.push(match language {
            Language::En => format!("… and {more} more"),
            Language::Ja => format!("… ほか {more} 件"),
        });
    }
    lines.join("\n")
}

fn footer(notice: &Notice, context: &Context<'_>) -> String {
    let id = slack(notice.deployment.as_str());
    match context.server {
        Some(server) if is_web(server) => {
            let path = page::deployment_path(&notice.deployment);
            format!("<{}{path}|{id}>", slack(server.trim_end_matches('/')))
        }
        _ => id,
    }
}
