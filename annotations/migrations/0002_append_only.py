"""Guards in the database for rows that must not change: a trigger per table.

Columns named as trigger arguments may change: a judgment's ``is_latest`` when a revision follows,
and foreign keys that are set to null when an account or run is deleted.
"""

from django.db import migrations

GUARD_FUNCTION = """
CREATE FUNCTION annotations_guard_row() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    old_row jsonb := to_jsonb(OLD);
    new_row jsonb;
    column_name text;
BEGIN
    IF TG_OP = 'DELETE' THEN
        RAISE EXCEPTION 'rows of % are append-only', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
    END IF;
    new_row := to_jsonb(NEW);
    FOR i IN 0 .. TG_NARGS - 1 LOOP
        column_name := TG_ARGV[i];
        old_row := old_row - column_name;
        new_row := new_row - column_name;
    END LOOP;
    IF old_row IS DISTINCT FROM new_row THEN
        RAISE EXCEPTION 'rows of % are append-only', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
"""

# table -> (events, columns that may change)
GUARDED = {
    "annotations_auditevent": ("UPDATE OR DELETE", ("account_id", "enrolment_id", "study_id")),
    "annotations_judgment": ("UPDATE OR DELETE", ("is_latest",)),
    "annotations_attributeanswer": ("UPDATE OR DELETE", ()),
    "annotations_runevent": ("UPDATE", ()),
    "annotations_endorsement": ("UPDATE", ("run_id", "metadata")),
    "annotations_snapshot": ("UPDATE", ()),
    "annotations_artifact": ("UPDATE", ()),
    "annotations_sampledattribute": ("UPDATE", ()),
    "annotations_comparison": ("UPDATE", ()),
}


def trigger(table: str) -> str:
    events, columns = GUARDED[table]
    arguments = ", ".join(f"'{column}'" for column in columns)
    return (
        f"CREATE TRIGGER {table}_append_only BEFORE {events} ON {table} "
        f"FOR EACH ROW EXECUTE FUNCTION annotations_guard_row({arguments});"
    )


class Migration(migrations.Migration):
    dependencies = [("annotations", "0001_initial")]

    operations = [
        migrations.RunSQL(GUARD_FUNCTION, "DROP FUNCTION annotations_guard_row();"),
        *(
            migrations.RunSQL(trigger(table), f"DROP TRIGGER {table}_append_only ON {table};")
            for table in GUARDED
        ),
    ]
