/**
 * YAML files that people write, read with positions: every mistake at once, each with its line and
 * column. What a file may hold is declared as a {@link dev.carafe.egress.yaml.Shape}, from which
 * checking and the JSON Schema for editors both come. Knows nothing of what the files mean.
 */
package dev.carafe.egress.yaml;
