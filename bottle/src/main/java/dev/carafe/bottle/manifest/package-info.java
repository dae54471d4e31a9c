/**
 * What agents and bottles are, declared in Markdown files with YAML front matter: one file for each
 * agent and each bottle. {@link dev.carafe.bottle.manifest.ManifestIndex} finds them, and loads one
 * agent together with the bottle that it runs in.
 *
 * <p>A bottle is policy, and is only ever read from the user's own directory. A repository may
 * bring agents, which are a prompt, skills, a name for git, and the names of bottles.
 *
 * <p>Nothing is started, fetched or asked for here, and nothing of machines is known.
 */
package dev.carafe.bottle.manifest;
