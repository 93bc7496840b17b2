//! Notices for Slack: the JSON an incoming webhook takes.
//!
//! Slack treats `&`, `<` and `>` as its own, so they are escaped; nothing from outside can mention
//! a channel or hide an address. A section holds at most 3,000 characters.

use sendo_core::deployment::Change;
use sendo_core::notice::{Notice, Turn};
use serde_json::{Value, json};

use crate::escape::{cut, one_line, slack};
use crate::sentence::is_web;
use crate::wording::{Context, change_title, promotion, state};
use crate::{Language, page};

/// What Slack takes in one section.
pub const SECTION_LIMIT: usize = 3_000;

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
    blocks.push(json!({
        "type": "context",
        "elements": [{ "type": "mrkdwn", "text": footer(notice, context) }],
    }));
    json!({
        "text": limited(&format!("{symbol} {lane}: {}", slack(&sentence.to_string()))),
        "blocks": blocks,
    })
}

fn section(text: &str) -> Value {
    json!({ "type": "section", "text": { "type": "mrkdwn", "text": limited(text) } })
}

/// Cuts between characters and never inside an entity or a link.
fn limited(text: &str) -> String {
    if text.chars().count() <= SECTION_LIMIT {
        return text.to_owned();
    }
    let mut short = cut(text, SECTION_LIMIT);
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
