//! Subscriptions by regular expression.

use dohle_metadata::image::Image;
use dohle_protocol::wire::Text;
use regex::Regex;

/// The topics that match, by name.
pub(super) fn resolve(regex: &Regex, image: &Image) -> Vec<Text> {
    let topics = image.topics.iter().filter(|topic| regex.is_match(&topic.name));
    topics.map(|topic| topic.name.detached()).collect()
}
