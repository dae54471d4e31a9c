/**
 * Keeping: the content store, its records, its locks. Everything that becomes visible here was
 * written under another name, flushed to the disk and renamed. Internal to the room.
 *
 * <pre>
 * images/
 *   oci-layout, index.json     the OCI image layout: what other tools read
 *   blobs/sha256/HEX           manifests, configurations, layers as they came
 *   squashfs/HEX.squashfs      one root filesystem per manifest
 *   records/HEX                what a start must know of that image
 *   names/NAME                 which image a reference names
 *   locks/                     files that are only ever locked
 *   tmp/                       one directory per piece of work under way
 * </pre>
 */
package dev.carafe.image.store;
