import type { photosZh } from "./photos_zh";

/** English texts of photos that an agent asks for by name. */
export const photosEn: Readonly<Record<keyof typeof photosZh, string>> = {
  "photos.ask": "Ask the customer for photos",
  "photos.words": "Words to the customer",
  "photos.lead": "Please send us these photos; tap each one to take or choose it:",
  "photos.names": "Which photos (one a line)",
  "photos.usual": "The whole item\nThe damage\nThe label",
  "photos.count": "Write a sentence, and list 1 to {most} photos.",
  "photos.again": "Ask for the photos again",
  "photos.send": "Send",
  "photos.progress": "{there} of {count} received",
  "photos.complete": "All {count} photos received",
  "photos.missing": "Missing",
};
