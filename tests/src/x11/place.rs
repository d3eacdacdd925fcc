//! A rectangle of the screen.

/// Where a window is, in pixels of the screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// Left edge.
    pub x: i16,
    /// Upper edge.
    pub y: i16,
    /// Width.
    pub width: u16,
    /// Height.
    pub height: u16,
}

impl Place {
    /// The part of it that is on a screen of that size, if any is.
    pub(super) fn within(self, screen: (u16, u16)) -> Option<Self> {
        let (x, width) = overlap(self.x, self.width, screen.0)?;
        let (y, height) = overlap(self.y, self.height, screen.1)?;
        Some(Self { x, y, width, height })
    }
}

fn overlap(start: i16, length: u16, screen: u16) -> Option<(i16, u16)> {
    let end = i32::from(start).saturating_add(i32::from(length)).min(i32::from(screen));
    let start = start.max(0);
    let length = u16::try_from(end.saturating_sub(i32::from(start))).ok()?;
    (length > 0).then_some((start, length))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_part_of_a_place_on_the_screen() {
        let screen = (1280, 900);
        let place = |x, y, width, height| Place { x, y, width, height };
        for (whole, part) in [
            (place(0, 0, 1280, 900), Some(place(0, 0, 1280, 900))),
            (place(-10, 5, 20, 20), Some(place(0, 5, 10, 20))),
            (place(1270, 890, 20, 20), Some(place(1270, 890, 10, 10))),
            (place(-20, 0, 20, 20), None),
            (place(1280, 0, 20, 20), None),
            (place(i16::MAX, i16::MIN, u16::MAX, u16::MAX), None),
        ] {
            assert_eq!(whole.within(screen), part, "{whole:?}");
        }
    }
}
