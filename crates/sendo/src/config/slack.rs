//! `slack:` of a notice: an incoming webhook, or a bot and a channel.

use schemars::JsonSchema;
use serde::Deserialize;

use super::Reading;
use super::notices::Channel;
use super::place::Place;
use super::problem::Code;
use super::secret::SecretShape;
use super::server::url;

/// A Slack incoming webhook, or the token of a bot and a channel: then the notices of a deployment
/// stand in one thread.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(rename = "Slack")]
pub(crate) struct SlackShape {
    /// The URL of an incoming webhook: a reference to a secret.
    webhook: Option<SecretShape>,
    /// A bot's token, `xoxb-…`: a reference to a secret.
    token: Option<SecretShape>,
    /// The id of the channel, such as `C0123456789`.
    channel: Option<String>,
    /// Where Slack's Web API is; `https://slack.com/api` when left out.
    api: Option<String>,
}

impl SlackShape {
    /// The checked place.
    pub(super) fn resolve(&self, place: Place<'_>, reading: &mut Reading<'_>) -> Option<Channel> {
        if ["token", "channel", "api"]
            .iter()
            .any(|key| place.key(key).is_written())
        {
            return self.app(place, reading);
        }
        let Some(webhook) = &self.webhook else {
            return super::environment::absent(
                "webhook",
                "a reference to its URL, \"${env:NAME}\" or \"${file:PATH}\"; or `token` and `channel`",
                place,
                reading,
            );
        };
        let webhook = webhook.resolve(place.key("webhook"), reading)?;
        Some(Channel::Slack { webhook })
    }

    fn app(&self, place: Place<'_>, reading: &mut Reading<'_>) -> Option<Channel> {
        if place.key("webhook").is_written() {
            reading.problems.push(
                place
                    .problem(Code::Contradiction, "this is a webhook and a bot at once")
                    .why("a webhook has its own channel, and cannot answer in threads")
                    .fix("keep `webhook`, or `token` and `channel`"),
            );
            return None;
        }
        let Some(token) = &self.token else {
            let what = "a reference to the bot's token, \"${env:NAME}\" or \"${file:PATH}\"";
            return super::environment::absent("token", what, place, reading);
        };
        let Some(channel) = &self.channel else {
            let what = "the id of the channel, such as `C0123456789`";
            return super::environment::absent("channel", what, place, reading);
        };
        let is_id = channel.len() > 1
            && channel.starts_with(['C', 'G', 'D'])
            && channel
                .chars()
                .all(|c| c.is_ascii_uppercase() || c.is_ascii_digit());
        if !is_id {
            reading.problems.push(
                place
                    .key("channel")
                    .problem(Code::InvalidValue, format!("`{channel}` is no channel's id"))
                    .why("a name can pass to another channel, an id cannot")
                    .fix("write the id that Slack shows at the end of the channel's details, such as `C0123456789`"),
            );
            return None;
        }
        let api = self.api.as_deref().unwrap_or("https://slack.com/api");
        Some(Channel::SlackApp {
            token: token.resolve(place.key("token"), reading)?,
            channel: channel.clone(),
            api: url(api, place.key("api"), reading)?
                .trim_end_matches('/')
                .to_owned(),
        })
    }
}
