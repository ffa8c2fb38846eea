import { icon } from "../icons";

export const StarIcon = icon(["M12 2.9l2.8 5.7 6.3.9-4.55 4.45 1.05 6.25L12 17.25 6.4 20.2l1.05-6.25L2.9 9.5l6.3-.9z"], true);
export const FileIcon = icon(["M6 3.5h8l4 4v13H6z", "M14 3.5v4h4"]);
export const CameraIcon = icon(["M4 7.5h3.6L9.2 5h5.6l1.6 2.5H20v11.5H4z", "M12 16.2a3.2 3.2 0 1 0 0-6.4 3.2 3.2 0 0 0 0 6.4z"]);
export const RetryIcon = icon(["M20 12a8 8 0 1 1-2.4-5.7M20 3.5v4h-4"]);
export const PhoneIcon = icon(["M6.5 3.8l3 .6 1.2 4-2 1.6a12 12 0 0 0 5.3 5.3l1.6-2 4 1.2.6 3c-8.200 2.600-16.300-5.500-13.700-13.700z"]);
export const PlayIcon = icon(["M8 5.5v13l10.500-6.500z"], true);
export const PauseIcon = icon(["M8 5.500h3v13H8zM13.500 5.500h3v13h-3z"], true);
