/* Swap: the image before is kept in slot B and can come back. */
#include "boot/cipher.h"
#include "boot/mode.h"
#include "core/base/assert.h"

#define USABLE (UD_FACT_GOOD | UD_FACT_KNOWN_BAD)
#define LOST (UD_FACT_BAD | UD_FACT_LOW)

/* ---- decisions ------------------------------------------------------------------------------------------------------ */

static const ud_boot_rule_t rules[] = {
    /* an install: complete it (adrift: only if there is nothing to start), begin it if its image is good, else drop it */
    {{UD_ANY_STATE, UD_FACT_MOVING, UD_ANY_CAUSE, UD_ANY_PATIENCE, UD_ANY_A, UD_ANY_B}, UD_ACTION_RESUME},
    {{UD_ANY_STATE, UD_FACT_ADRIFT, UD_ANY_CAUSE, UD_ANY_PATIENCE, LOST, LOST | UD_FACT_SPARE}, UD_ACTION_RESUME},
    {{UD_FACT_TRIAL | UD_FACT_REJECTED, UD_FACT_STAGED, UD_ANY_CAUSE, UD_ANY_PATIENCE, UD_ANY_A, UD_ANY_B},
     UD_ACTION_REFUSE},
    {{UD_ANY_STATE, UD_FACT_STAGED, UD_ANY_CAUSE, UD_ANY_PATIENCE, UD_ANY_A, UD_FACT_GOOD}, UD_ACTION_INSTALL},
    {{UD_ANY_STATE, UD_FACT_STAGED, UD_ANY_CAUSE, UD_ANY_PATIENCE, UD_ANY_A, UD_ANY_B}, UD_ACTION_REFUSE},

    /* a trial: while there is patience; then back; and if there is no way back, on, as carefully as possible */
    {{UD_FACT_TRIAL, UD_ANY_INSTALL, UD_FACT_ANNOUNCED, UD_ANY_PATIENCE, UD_FACT_GOOD, UD_ANY_B}, UD_ACTION_TRY_FREE},
    {{UD_FACT_TRIAL, UD_ANY_INSTALL, UD_ANY_CAUSE, UD_FACT_PATIENCE, UD_FACT_GOOD, UD_ANY_B}, UD_ACTION_TRY},
    {{UD_FACT_TRIAL | UD_FACT_REJECTED, UD_ANY_INSTALL, UD_ANY_CAUSE, UD_ANY_PATIENCE, UD_FACT_GOOD, USABLE},
     UD_ACTION_REVERT},
    {{UD_FACT_TRIAL | UD_FACT_REJECTED, UD_ANY_INSTALL, UD_ANY_CAUSE, UD_ANY_PATIENCE, UD_FACT_GOOD, UD_ANY_B},
     UD_ACTION_BOOT_SAFE},

    /* a confirmed image that crashes again and again: the one before, if it never failed here */
    {{UD_FACT_CONFIRMED, UD_ANY_INSTALL, UD_FACT_ABNORMAL, UD_FACT_NO_PATIENCE, UD_FACT_GOOD, UD_FACT_GOOD},
     UD_ACTION_REVERT},
    {{UD_FACT_CONFIRMED, UD_ANY_INSTALL, UD_ANY_CAUSE, UD_FACT_NO_PATIENCE, UD_FACT_GOOD, UD_ANY_B},
     UD_ACTION_BOOT_SAFE},

    /* calm; slot A lost; both lost */
    {{UD_ANY_STATE, UD_ANY_INSTALL, UD_ANY_CAUSE, UD_ANY_PATIENCE, UD_FACT_GOOD, UD_ANY_B}, UD_ACTION_BOOT},
    {{UD_ANY_STATE, UD_ANY_INSTALL, UD_ANY_CAUSE, UD_ANY_PATIENCE, UD_ANY_A, USABLE | UD_FACT_SPARE}, UD_ACTION_RESCUE},
    {{UD_ANY_STATE, UD_ANY_INSTALL, UD_ANY_CAUSE, UD_ANY_PATIENCE, UD_ANY_A, UD_ANY_B}, UD_ACTION_RECOVER},
};

/* ---- the hole (core/slot/record.h) ------------------------------------------------------------------------------ */

static ud_place_t place_of(const ud_port_t *port, uint32_t index)
{
    return (ud_place_t){index % 2 == 0 ? UD_AREA_SLOT_B : UD_AREA_SLOT_A, index / 2 * ud_slot_unit_size(port)};
}

static ud_err_t begin(ud_journal_t *journal, ud_slot_record_t *record, ud_install_t direction, uint32_t size_in,
                      uint32_t size_out)
{
    uint32_t size_bytes = size_in > size_out ? size_in : size_out;
    if (size_bytes > ud_slot_image_size_max(&ud_slot_swap, journal->port)) {
        return UD_ERR_IMAGE_TOO_LARGE;
    }
    record->install = direction;
    record->units = (uint16_t)ud_copy_units(journal->port, size_bytes);
    record->hole = direction == UD_INSTALL_UPGRADE ? 0 : (uint16_t)(2 * record->units);
    record->turned = false;
    return ud_slot_record_put(journal, record);
}

/* The images of a move: what ran before, and the new one. */
enum { BEFORE, NEW, IMAGES };

typedef struct {
    ud_journal_t *journal;
    ud_slot_record_t *record;
    bool noted;
    ud_copy_filter_t filters[IMAGES];
} walk_t;

/* One image in the chain of places, wherever the hole is. */
typedef struct {
    const walk_t *walk;
    uint32_t first; /* place of its first unit before an upgrade */
} link_t;

static ud_err_t read_link(void *context, uint32_t offset, void *data, size_t size)
{
    const link_t *link = context;
    ud_port_t *port = link->walk->journal->port;
    uint32_t unit = ud_slot_unit_size(port);
    uint8_t *at = data;
    while (size > 0) {
        uint32_t index = link->first + 2 * (offset / unit);
        ud_place_t place = place_of(port, index <= link->walk->record->hole ? index - 1 : index);
        uint32_t into = offset % unit;
        size_t piece = size < unit - into ? size : unit - into;
        UD_TRY(ud_port_flash_read(port, place.area, place.offset + into, at, piece));
        at += piece;
        offset += (uint32_t)piece;
        size -= piece;
    }
    return UD_OK;
}

/* Moves the hole by one place, or turns. What is copied comes to slot A, or goes from it, at its own offset. */
static ud_err_t step(const walk_t *walk, ud_slot_record_t *record, bool up)
{
    ud_port_t *port = walk->journal->port;
    uint16_t from = (uint16_t)(up ? record->hole + 1 : record->hole - 1);
    ud_place_t source = place_of(port, from);
    ud_place_t target = place_of(port, record->hole);
    bool comes = target.area == UD_AREA_SLOT_A;
    const ud_copy_filter_t *filter = &walk->filters[comes == up ? NEW : BEFORE];
    ud_err_t err = ud_copy_unit(port, source, target, filter, comes ? target.offset : source.offset);
    if (err == UD_OK || !comes) {
        record->hole = from;
        return UD_OK;
    }
    if (err != UD_ERR_FLASH_READ || record->turned) {
        return err;
    }
    record->turned = true;
    record->install = up ? UD_INSTALL_REVERT : UD_INSTALL_UPGRADE;
    record->reason = err;
    return UD_OK;
}

static ud_err_t walk(void *context)
{
    walk_t *walk = context;
    ud_slot_record_t *record = walk->record;
    for (;;) {
        bool up = record->install == UD_INSTALL_UPGRADE;
        if (record->hole == (up ? 2 * record->units : 0)) {
            return UD_OK;
        }
        UD_TRY(step(walk, record, up));
        walk->noted = walk->noted && ud_slot_record_put(walk->journal, record) == UD_OK;
    }
}

static ud_err_t move(ud_journal_t *journal, const ud_boot_config_t *config, ud_slot_record_t *record, bool unnoted)
{
    /* what was read becomes firm before it is acted upon: a row may read differently after the next power cut */
    walk_t all = {.journal = journal, .record = record, .noted = ud_slot_record_put(journal, record) == UD_OK};
    uint32_t units_max = ud_copy_units(journal->port, ud_slot_image_size_max(&ud_slot_swap, journal->port));
    UD_REQUIRE(all.noted || unnoted, UD_ERR_JOURNAL_WORN);
    UD_REQUIRE(record->units <= units_max && record->hole <= 2 * record->units, UD_ERR_INTERNAL);
    if (config->cipher == NULL) {
        return walk(&all);
    }
    link_t links[IMAGES] = {[BEFORE] = {&all, 1}, [NEW] = {&all, 2}};
    ud_image_source_t images[IMAGES] = {
        [BEFORE] = {.read = read_link, .context = &links[BEFORE]}, [NEW] = {.read = read_link, .context = &links[NEW]}};
    return config->cipher->with_keys(config->decryption_key, images, IMAGES,
                                     record->install == UD_INSTALL_UPGRADE ? NEW : BEFORE,
                                     record->units * ud_slot_unit_size(journal->port), all.filters, walk, &all);
}

const ud_boot_mode_t ud_boot_swap = {
    .slots = &ud_slot_swap,
    .policy = {rules, sizeof rules / sizeof rules[0]},
    .begin = begin,
    .move = move,
    .rescue = ud_copy_to_a,
};
