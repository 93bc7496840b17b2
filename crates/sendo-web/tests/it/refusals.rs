//! What people meet on pages when something is refused.

use sendo_web::token::Scope;

use crate::client::Reply;
use crate::harness::Server;

/// What a page says, without the frame that all of them share.
fn main(reply: &Reply) -> &str {
    let (_, rest) = reply.body.split_once("<main").expect("a page");
    rest.split_once("</main>").expect("its end").0
}

#[tokio::test]
async fn a_form_that_is_refused_says_why_and_only_an_address_without_a_page_says_so() {
    let server = Server::start().await;
    let token = server.token(&[Scope::Admin], &[]).await;
    let post = async |path: &str, fields: &[(&str, &str)]| {
        let call = server.post(path, "").token(&token);
        call.form(fields).send().await
    };
    let unknown = post("/locks", &[("area", "nope"), ("reason", "x")]).await;
    let open = post("/unlocks", &[("area", "web")]).await;
    for (reply, why) in [(unknown, "in <code>nope/*</code>"), (open, "is not locked")] {
        assert!(main(&reply).contains(why) && !main(&reply).contains("Nothing is here"));
        assert_eq!(reply.status, 404);
    }
    for (path, why) in [
        ("/nothing", "No page has this address"),
        (
            "/applications/exampel1",
            "did you mean <code>example1</code>?",
        ),
        (
            "/deployments/web/staging/9",
            "no deployment <code>web/staging/9</code>",
        ),
    ] {
        let reply = server.get(path).header("accept", "text/html").send().await;
        assert!(main(&reply).contains(why) && main(&reply).contains("Nothing is here"));
    }
    server.stop().await;
}

#[tokio::test]
async fn a_refused_form_is_answered_in_the_language_of_its_reader() {
    let server = Server::start().await;
    let token = server.token(&[Scope::Deploy], &[]).await;
    for (path, fields, words) in [
        (
            "/locks",
            &[("area", "nope"), ("reason", "x")][..],
            ["見つかりません", "に当たるレーンはありません"],
        ),
        (
            "/locks",
            &[("area", "web"), ("reason", " ")],
            ["依頼の内容に誤りがあります", "ロックには理由が必要です"],
        ),
        (
            "/unlocks",
            &[("area", "web")],
            ["見つかりません", "はロックされていません"],
        ),
        (
            "/lanes/web/staging/rollback",
            &[],
            [
                "今はこの操作を行えません",
                "戻り先となる過去の成功がありません",
            ],
        ),
        (
            "/deployments/web/staging/9/cancel",
            &[],
            ["見つかりません", "はありません"],
        ),
    ] {
        let call = server.post(path, "").token(&token).form(fields);
        let reply = call.header("accept-language", "ja").send().await;
        for word in words {
            assert!(main(&reply).contains(word), "{path}: {}", main(&reply));
        }
    }
    server.stop().await;
}

#[tokio::test]
async fn a_refusal_leads_back_to_the_page_it_came_from_and_to_no_other_server() {
    let server = Server::start().await;
    let token = server.token(&[Scope::Deploy], &[]).await;
    let here = format!("http://{}", server.address);
    for (before, back) in [
        (format!("{here}/locks?a=1"), true),
        ("https://evil.example/locks?a=1".to_owned(), false),
        (format!("{here}//evil.example/locks?a=1"), false),
        (format!("{here}/\\evil.example/locks?a=1"), false),
        ("javascript:alert(1)".to_owned(), false),
    ] {
        let call = server.post("/unlocks", "").token(&token);
        let call = call.form(&[("area", "web")]).header("referer", &before);
        let page = call.send().await;
        assert_eq!(
            main(&page).contains("href=\"/locks?a=1\""),
            back,
            "{before}"
        );
        assert_eq!(main(&page).matches("<a ").count(), 1 + usize::from(back));
        assert!(!main(&page).contains("data-events"), "it stays to be read");
    }
    server.stop().await;
}

#[tokio::test]
async fn a_form_names_the_field_that_lacks_and_not_one_it_does_not_have() {
    let server = Server::start().await;
    let token = server.token(&[Scope::Deploy], &[]).await;
    let both = [("area", "web"), ("reason", "x")];
    for (path, field, words) in [
        (
            "/locks",
            ("hours", "1.5"),
            "a lock lasts whole hours, from 1 to 8760",
        ),
        (
            "/locks",
            ("hours", "8761"),
            "a lock lasts whole hours, from 1 to 8760",
        ),
        ("/freezes", ("to", ""), "a freeze needs an end"),
        (
            "/freezes",
            ("to", "2025-12-20"),
            "this freeze is over already",
        ),
    ] {
        let fields = [both[0], both[1], field];
        let page = server
            .post(path, "")
            .token(&token)
            .form(&fields)
            .send()
            .await;
        assert!(main(&page).contains(words), "{}", main(&page));
    }
    server.stop().await;
}

/// Whoever writes a refusal there words it in `sendo-report`, where no language can be left out.
#[test]
fn what_forms_refuse_is_worded_for_every_language() {
    for source in [
        include_str!("../../src/forms.rs"),
        include_str!("../../src/names.rs"),
        include_str!("../../src/api/acts.rs"),
        include_str!("../../src/api/locks.rs"),
        include_str!("../../src/api/freezes.rs"),
    ] {
        for plain in ["Refusal::new(", "Refusal::bad(", "Refusal::not_found("] {
            assert!(!source.contains(plain), "{plain} in {:.60}", source);
        }
    }
}
