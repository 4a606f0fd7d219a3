"""What is wrong with an image's object, which storages are ours, and sweeps that stopped."""

import sqlalchemy as sa
from alembic import op

revision = '0006'
down_revision = '0005'
branch_labels = None
depends_on = None


def upgrade():
    """Change the tables; the large one in place, with its check in the column's own words."""
    op.execute(
        "ALTER TABLE images ADD COLUMN fault VARCHAR(16)"
        " CONSTRAINT ck_images_fault CHECK (fault IN ('missing', 'damaged', 'wrong_size'))"
    )
    op.add_column('images', sa.Column('fault_found_at', sa.DateTime(timezone=True), nullable=True))
    op.add_column('sweeps', sa.Column('stopped_at', sa.Integer(), nullable=True))
    op.create_table('storage_marks',
    sa.Column('provider', sa.String(length=32), nullable=False),
    sa.Column('mark', sa.String(length=64), nullable=False),
    sa.Column('is_confirmed', sa.Boolean(), nullable=False),
    sa.PrimaryKeyConstraint('provider', name=op.f('pk_storage_marks'))
    )


def downgrade():
    """Take the change back; what was found out about objects is forgotten."""
    op.drop_table('storage_marks')
    op.drop_column('sweeps', 'stopped_at')
    op.drop_column('images', 'fault_found_at')
    op.drop_column('images', 'fault')
