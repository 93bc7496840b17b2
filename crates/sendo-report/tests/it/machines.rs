//! Notices for Slack and for machines.

use sendo_core::notice::{Notice, Turn};
use sendo_report::slack::SECTION_LIMIT;
use sendo_report::webhook::generic;
use sendo_report::{Context, Language, slack, terminal, webhook};
use serde_json::Value;

use crate::every;
use crate::sample::{change, changes, digest, failure, notice, revision};

#[test]
fn the_json_for_machines_is_stable() {
    let mut all: Vec<Value> = every::turns()
        .into_iter()
        .map(|(_, turn)| generic(&notice(turn)))
        .collect();
    all.extend(every::waiting().into_iter().map(|(_, waiting)| {
        generic(&notice(Turn::Waits {
            waiting,
            number: Some(3),
        }))
    }));
    let lines: Vec<String> = all.iter().map(ToString::to_string).collect();
    insta::assert_snapshot!(lines.join("\n"));
}

#[test]
fn the_envelope_follows_standard_webhooks() {
    insta::assert_json_snapshot!(generic(&notice(Turn::Succeeded {
        unchanged: false,
        healthy: false
    })));
}

#[test]
fn a_digest_for_machines_holds_the_notices_themselves() {
    insta::assert_json_snapshot!(webhook::digest(&digest()));
}

#[test]
fn a_digest_reads_well_in_slack_and_on_a_terminal() {
    let server = Some("https://sendo.example.com/");
    let mut out = String::new();
    for language in Language::ALL {
        let message = slack::digest(&digest(), server, language);
        for block in message["blocks"].as_array().unwrap() {
            out.push_str(block["text"]["text"].as_str().unwrap());
            out.push('\n');
        }
        out.push_str(&terminal::digest(&digest(), server, language, false));
        out.push_str("\n\n");
    }
    insta::assert_snapshot!(out);
}

#[test]
fn a_digest_never_outgrows_a_slack_message_and_counts_what_it_leaves_out() {
    let mut long = digest();
    let failed = long.latest[0].clone();
    long.latest = vec![failed; 200];
    let message = slack::digest(&long, None, Language::En);
    let blocks = message["blocks"].as_array().unwrap();
    let texts: Vec<&str> = blocks
        .iter()
        .map(|block| block["text"]["text"].as_str().unwrap())
        .collect();
    assert!(
        texts
            .iter()
            .all(|text| text.chars().count() <= SECTION_LIMIT)
    );
    let total: usize = texts.iter().map(|text| text.chars().count()).sum();
    assert!((8_000..11_000).contains(&total), "{total}");
    let told: usize = texts
        .iter()
        .map(|text| text.matches("example1/test/12").count())
        .sum();
    let more = format!("not listed: {},", 200 - told);
    assert!(texts.last().unwrap().contains(&more), "{texts:?}");
}

fn started(included: Vec<sendo_core::deployment::Change>) -> Notice {
    notice(Turn::Started {
        reference: "refs/heads/develop".to_owned(),
        version: revision("e4f5a6b").to_string(),
        previous: Some(revision("a1b2c3d")),
        included,
        requested_by: None,
        undoes: None,
        observed: false,
    })
}

#[test]
fn slack_gets_blocks_and_a_text() {
    let context = Context::default().at("https://sendo.example.com/");
    let both =
        Language::ALL.map(|language| slack::webhook(&started(changes()), &context, language));
    insta::assert_json_snapshot!(both);
}

#[test]
fn slack_lists_what_ails_and_counts_what_it_leaves_out() {
    let mut causes = crate::every::causes();
    causes.extend(vec![causes[1].clone(); 10]);
    let failed = notice(Turn::Failed {
        failure: failure(),
        causes,
    });
    let sections = Language::ALL.map(|language| {
        let message = slack::webhook(&failed, &Context::default(), language);
        message["blocks"][1]["text"]["text"]
            .as_str()
            .unwrap()
            .to_owned()
    });
    let [en, ja] = sections;
    assert!(
        en.starts_with(
            "• Pod web-5d4f/app: ImagePullBackOff (Back-off pulling image `acme/web:1.4`)\n"
        ),
        "{en}"
    );
    assert!(en.ends_with("\n• and 2 more"), "{en}");
    assert!(ja.ends_with("\n• ほか 2 件"), "{ja}");
}

#[test]
fn every_turn_reads_well_in_slack() {
    let mut out = String::new();
    for (name, turn) in every::turns() {
        let notice = notice(turn);
        out.push_str(&format!("{name}\n"));
        for language in Language::ALL {
            let message = slack::webhook(&notice, &Context::of_notice(&notice), language);
            let text = message
                .pointer("/blocks/0/text/text")
                .and_then(Value::as_str)
                .unwrap();
            out.push_str(&format!("  {}: {text}\n", language.tag()));
        }
    }
    insta::assert_snapshot!(out);
}

#[test]
fn nothing_from_outside_mentions_a_channel_or_grows_a_section() {
    let title = "<!channel> & <https://evil.example|click> ".repeat(20);
    let included = (0..40)
        .map(|_| change("e", &title, "<@U1>", None))
        .collect();
    let message = slack::webhook(&started(included), &Context::default(), Language::En);
    let list = message
        .pointer("/blocks/1/text/text")
        .and_then(Value::as_str)
        .unwrap();
    assert!(list.starts_with("• &lt;!channel&gt; &amp; &lt;https://evil.example|click&gt;"));
    assert!(!list.contains('<'));
    assert!(list.chars().count() <= SECTION_LIMIT);
}
