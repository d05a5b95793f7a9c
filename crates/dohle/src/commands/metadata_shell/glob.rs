//! Paths with wildcards: `*`, `?`, and `{one,other}` in each of their parts.

use super::tree::Node;
use regex::Regex;

/// A place in the tree.
pub(super) struct Place<'i> {
    /// The names on the way to it.
    path: Vec<String>,
    /// What is there.
    pub(super) node: Node<'i>,
}

impl Place<'_> {
    /// The last name of its path.
    pub(super) fn name(&self) -> &str {
        self.path.last().map_or("/", String::as_str)
    }

    /// Its path from the root.
    pub(super) fn path(&self) -> String {
        format!("/{}", self.path.join("/"))
    }
}

/// All places that a path leads to, seen from a directory; sorted.
pub(super) fn find<'i>(root: &Node<'i>, directory: &str, path: &str) -> Vec<Place<'i>> {
    let whole = if path.starts_with('/') { path.to_owned() } else { format!("{directory}/{path}") };
    let mut parts: Vec<&str> = Vec::new();
    for part in whole.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    let mut places = vec![Place { path: Vec::new(), node: root.clone() }];
    for part in parts {
        let part = Part::of(part);
        places = places.iter().flat_map(|place| part.children(place)).collect();
    }
    places
}

/// One part of a path.
enum Part<'p> {
    Name(&'p str),
    Pattern(Regex),
}

impl<'p> Part<'p> {
    fn of(text: &'p str) -> Self {
        // What is no whole pattern is a name.
        pattern(text)
            .and_then(|pattern| Regex::new(&pattern).ok())
            .map_or(Self::Name(text), Self::Pattern)
    }

    fn children<'i>(&self, place: &Place<'i>) -> Vec<Place<'i>> {
        let names = match self {
            Self::Name(name) => vec![(*name).to_owned()],
            Self::Pattern(pattern) => {
                place.node.names().into_iter().filter(|name| pattern.is_match(name)).collect()
            }
        };
        let child = |name: String| {
            let node = place.node.child(&name)?;
            Some(Place { path: place.path.iter().cloned().chain([name]).collect(), node })
        };
        names.into_iter().filter_map(child).collect()
    }
}

/// The regular expression of a part with wildcards; `None` for one without, or with half a group.
fn pattern(glob: &str) -> Option<String> {
    let (mut out, mut is_plain, mut in_group) = ("(?s)^".to_owned(), true, false);
    let mut letters = glob.chars();
    while let Some(letter) = letters.next() {
        let written = match (letter, in_group) {
            ('?', _) => ".",
            ('*', _) => ".*",
            ('{', true) => return None,
            ('{', false) => "(?:(?:",
            (',', true) => ")|(?:",
            ('}', true) => "))",
            ('\\', _) => {
                let next = letters.next().unwrap_or('\\');
                out.push_str(&regex::escape(next.encode_utf8(&mut [0; 4])));
                continue;
            }
            (letter, _) => {
                out.push_str(&regex::escape(letter.encode_utf8(&mut [0; 4])));
                continue;
            }
        };
        is_plain = false;
        in_group = match letter {
            '{' => true,
            '}' => false,
            _ => in_group,
        };
        out.push_str(written);
    }
    out.push('$');
    (!is_plain && !in_group).then_some(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use dohle_metadata::image::Image;

    #[test]
    fn paths() {
        let image = Image::default();
        let root = Node::Root(&image);
        for (directory, path, expected) in [
            ("/", "", "/"),
            ("/", "local", "/local"),
            ("/image", "cluster/brokers", "/image/cluster/brokers"),
            ("/image", "/local/version", "/local/version"),
            ("/image", "../../local/./commitId/..", "/local"),
            ("/", "image/?cls/*", "/image/acls/byId"),
            ("/", "{image/acls,local}", ""),
            ("/", "{image,local}/{acls,version}", "/image/acls /local/version"),
            ("/", "image/{a", ""),
            ("/", "image/{a,{b}}", ""),
            ("/", "image/provenance/x", ""),
            ("/", "nope", ""),
        ] {
            let found: Vec<_> = find(&root, directory, path).iter().map(Place::path).collect();
            assert_eq!(found.join(" "), expected, "{path}");
        }
        assert_eq!(find(&root, "/", "/")[0].name(), "/");
        assert_eq!(find(&root, "/", "/image/acls")[0].name(), "acls");
    }

    #[test]
    fn patterns() {
        for (glob, expected) in [
            ("a.b", None),
            ("a*", Some("(?s)^a.*$")),
            ("a\\*", None),
            ("{a,b}.c?", Some("(?s)^(?:(?:a)|(?:b))\\.c.$")),
            ("a,b*", Some("(?s)^a,b.*$")),
        ] {
            assert_eq!(pattern(glob).as_deref(), expected, "{glob}");
        }
    }
}
