//! What a screen shows, as pixels and as a PNG file.

use std::{collections::HashSet, fs::File, io::BufWriter, path::Path};

use x11rb::{
    connection::Connection,
    protocol::xproto::{ConnectionExt, Drawable, ImageFormat, ImageOrder},
};

use super::{Place, X11Error};

/// A part of a screen at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Picture {
    width: u32,
    height: u32,
    /// Red, green and blue, row by row from the top.
    pixels: Vec<[u8; 3]>,
}

impl Picture {
    pub(super) fn take(
        connection: &impl Connection,
        from: Drawable,
        place: Place,
    ) -> Result<Self, X11Error> {
        let Place { x, y, width, height } = place;
        let format = ImageFormat::Z_PIXMAP;
        let image = connection.get_image(format, from, x, y, width, height, u32::MAX)?.reply()?;
        let setup = connection.setup();
        let formats = &setup.pixmap_formats;
        let bits = formats.iter().find(|format| format.depth == image.depth);
        match bits.map_or(0, |format| format.bits_per_pixel) {
            32 => {}
            other => return Err(X11Error::Format(other)),
        }
        let pixels = image.data.chunks_exact(4).filter_map(|pixel| pixel.try_into().ok());
        let pixels = pixels.map(|pixel: [u8; 4]| colour(pixel, setup.image_byte_order)).collect();
        Ok(Self { width: width.into(), height: height.into(), pixels })
    }

    /// Width in pixels.
    #[must_use]
    pub fn width(&self) -> u32 {
        self.width
    }

    /// Height in pixels.
    #[must_use]
    pub fn height(&self) -> u32 {
        self.height
    }

    /// Red, green and blue of each pixel, row by row from the top.
    #[must_use]
    pub fn pixels(&self) -> &[[u8; 3]] {
        &self.pixels
    }

    /// How many colours there are: one or two mean that nothing was drawn yet, since text alone
    /// brings dozens at its smoothed edges.
    #[must_use]
    pub fn colours(&self) -> usize {
        self.pixels.iter().collect::<HashSet<_>>().len()
    }

    /// Writes the picture as a PNG file.
    ///
    /// # Errors
    /// [`X11Error`] where the file cannot be written.
    pub fn save(&self, path: &Path) -> Result<(), X11Error> {
        let file = BufWriter::new(File::create(path)?);
        let mut encoder = png::Encoder::new(file, self.width, self.height);
        encoder.set_color(png::ColorType::Rgb);
        encoder.set_depth(png::BitDepth::Eight);
        let mut writer = encoder.write_header()?;
        writer.write_image_data(self.pixels.as_flattened())?;
        Ok(writer.finish()?)
    }
}

/// A pixel is a number with blue in its lowest byte and nothing in its highest.
fn colour(pixel: [u8; 4], order: ImageOrder) -> [u8; 3] {
    let [blue, green, red, _] = match order {
        ImageOrder::MSB_FIRST => u32::from_be_bytes(pixel),
        _ => u32::from_le_bytes(pixel),
    }
    .to_le_bytes();
    [red, green, blue]
}
