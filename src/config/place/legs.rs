//! The legs of a matrix that a place is built in, and what tells them apart.

use super::{Place, variables};

impl Place {
    /// The text may differ between legs of the matrix. Only what is sure to be the same in all of
    /// them is not: plain text, and variables of the commit, the pipeline and the project.
    #[must_use]
    pub fn varies(&self, text: &str) -> bool {
        let text = self.expanded(text);
        let differs = |name: &String| self.legs.contains(name) || !variables::of_pipeline(name);
        !self.legs.is_empty() && variables::names(&text).iter().any(differs)
    }

    /// The text names a variable that tells the legs of the matrix apart.
    #[must_use]
    pub fn names_leg(&self, text: &str) -> bool {
        let of_matrix = |name: &String| self.legs.contains(name) || name.starts_with("matrix.");
        !self.legs.is_empty() && variables::names(&self.expanded(text)).iter().any(of_matrix)
    }

    /// Axes of its matrix that the text names.
    #[must_use]
    pub fn axes_of(&self, text: &str) -> Vec<&str> {
        let names = variables::names(&self.expanded(text));
        let axes = self.crossed.iter().filter(|axis| names.contains(axis));
        axes.map(String::as_str).collect()
    }

    /// Everything in the text that is not an axis of its matrix is the same in all of its legs.
    #[must_use]
    pub fn holds_axes_alone(&self, text: &str) -> bool {
        let names = variables::names(&self.expanded(text));
        names.iter().all(|name| self.crossed.contains(name) || variables::of_pipeline(name))
    }

    /// A cache option may hold the variable: a comma in a value of it would end the attribute.
    #[must_use]
    pub fn fits_option(&self, leg: &str) -> bool {
        let values = self.leg_values.iter().find(|(name, _)| name == leg).map(|(_, all)| all);
        let listed = values.into_iter().flatten().any(|value| value.contains(','));
        !listed && !self.listed_legs.iter().any(|listed| listed == leg)
    }

    /// The values that the variables of the legs have together, those that these texts name; none
    /// where they name none, or too many.
    #[must_use]
    pub fn combinations(&self, texts: &[&str]) -> Vec<Vec<(String, String)>> {
        const MOST: usize = 64;
        let names: Vec<String> =
            texts.iter().flat_map(|text| variables::names(&self.expanded(text))).collect();
        let mut all: Vec<Vec<(String, String)>> = Vec::new();
        for (name, values) in self.leg_values.iter().filter(|(name, _)| names.contains(name)) {
            let known = if all.is_empty() { vec![Vec::new()] } else { std::mem::take(&mut all) };
            if known.len() * values.len() > MOST {
                return Vec::new();
            }
            for before in known {
                let with = |value: &String| {
                    let pair = (name.clone(), value.clone());
                    before.iter().cloned().chain([pair]).collect()
                };
                all.extend(values.iter().map(with));
            }
        }
        all
    }

    /// It runs in these legs of its job's matrix; the loops around it stay.
    pub(in crate::config) fn take_legs(&mut self, legs: &[String], plain: &[String]) {
        self.legs.splice(0..0, legs.iter().cloned());
        self.plain_legs.splice(0..0, plain.iter().cloned());
    }
}
